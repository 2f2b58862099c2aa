import { expect } from 'chai';
import { WriteLog } from '../../../machines/eventual/write-log.ts';

const run = (first: number, last: number, bytes = 10) => ({ first, last, run: new Uint8Array(bytes) });

describe('the write log', () => {
  it('keeps writes until all have acknowledged them, run by run', () => {
    const log = new WriteLog(1000);
    expect([log.size, log.bytes, log.first]).to.deep.equal([0, 0, undefined]);
    for (const [first, last] of [
      [1, 3],
      [4, 4],
      [5, 9],
    ] as const)
      log.add(run(first, last));
    expect([log.size, log.bytes, log.first]).to.deep.equal([9, 30, 1]);
    log.acknowledged(2);
    expect(log.first, 'a run is whole').to.equal(1);
    log.acknowledged(4);
    expect([log.size, log.bytes, log.first]).to.deep.equal([5, 10, 5]);
    log.acknowledged(9);
    expect([log.size, log.bytes, log.first]).to.deep.equal([0, 0, undefined]);
  });

  it('finds the runs that hold writes', () => {
    const log = new WriteLog(1000);
    for (let first = 1; first < 30; first += 3) log.add(run(first, first + 2));
    log.acknowledged(3);
    const firsts = (from: number, to: number) => log.between(from, to).map(({ first }) => first);
    expect(firsts(1, 5)).to.deep.equal([4]);
    expect(firsts(6, 10)).to.deep.equal([4, 7, 10]);
    expect(firsts(31, 40)).to.deep.equal([]);
  });

  it('drops the oldest beyond its bound, but never the newest', () => {
    const log = new WriteLog(100);
    for (let at = 1; at <= 5000; at++) log.add(run(at, at, 30));
    expect([log.size, log.bytes, log.first]).to.deep.equal([3, 90, 4998]);
    log.add(run(5001, 5001, 1000));
    expect([log.size, log.bytes, log.first]).to.deep.equal([1, 1000, 5001]);
  });
});
