import { expect } from 'chai';
import fc from 'fast-check';
import { compareOrigins, originOf } from '../../../machines/eventual/origin.ts';
import {
  counterOf,
  covers,
  isClock,
  meetOf,
  mergeClocks,
  NO_CLOCK,
  withCounter,
  withoutOrigin,
} from '../../../machines/eventual/vector-clock.ts';
import { clock } from './values.ts';

describe('a vector clock', () => {
  it('is covered by itself, and transitively', () => {
    fc.assert(
      fc.property(clock, clock, clock, (a, b, c) => {
        expect(covers(a, a)).to.equal(true);
        if (covers(a, b) && covers(b, c)) expect(covers(a, c)).to.equal(true);
        if (covers(a, b) && covers(b, a)) expect(a).to.deep.equal(b);
        expect(covers(a, NO_CLOCK)).to.equal(true);
      }),
    );
  });

  it('covers what its counters do', () => {
    fc.assert(
      fc.property(clock, clock, (a, b) => {
        const byCounters = b.every((origin, at) => at % 2 === 1 || counterOf(a, origin) >= b[at + 1]!);
        expect(covers(a, b)).to.equal(byCounters);
      }),
    );
  });

  it('merges to the smallest that covers both, in any order, and meets in the largest that both cover', () => {
    fc.assert(
      fc.property(clock, clock, clock, (a, b, c) => {
        const merged = mergeClocks(a, b);
        expect(isClock(merged)).to.equal(true);
        expect(merged).to.deep.equal(mergeClocks(b, a));
        expect(mergeClocks(merged, c)).to.deep.equal(mergeClocks(a, mergeClocks(b, c)));
        expect(covers(merged, a) && covers(merged, b)).to.equal(true);
        if (covers(c, a) && covers(c, b)) expect(covers(c, merged)).to.equal(true);
        const meet = meetOf(a, b);
        expect(isClock(meet)).to.equal(true);
        expect(covers(a, meet) && covers(b, meet)).to.equal(true);
        if (covers(a, c) && covers(b, c)) expect(covers(meet, c)).to.equal(true);
      }),
    );
  });

  it('never goes back', () => {
    expect(withCounter([1, 5], 1, 3)).to.deep.equal([1, 5]);
    expect(withCounter([1, 5], 1, 6)).to.deep.equal([1, 6]);
    expect(withCounter([1, 5], 0, 1)).to.deep.equal([0, 1, 1, 5]);
    expect(withoutOrigin([0, 1, 1, 5], 1)).to.deep.equal([0, 1]);
    expect(withoutOrigin([0, 1], 5)).to.deep.equal([0, 1]);
  });

  it('is told from what is none', () => {
    expect([[], [0, 1], [0, 1, 5, 2]].map(isClock)).to.deep.equal([true, true, true]);
    for (const value of [
      undefined,
      {},
      [1],
      [1, 0],
      [1, -1],
      [2, 1, 1, 1],
      [1, 1, 1, 1],
      [-1, 1],
      [0.5, 1],
      ['0', 1],
    ]) {
      expect(isClock(value), JSON.stringify(value)).to.equal(false);
    }
  });

  it('of two origins, that of the higher server counts more, whichever of its memories', () => {
    expect(compareOrigins(2, 1)).to.be.above(0);
    expect(compareOrigins(2, originOf(1, 9))).to.be.above(0);
    expect(compareOrigins(originOf(2, 1), 2)).to.be.above(0);
    expect(compareOrigins(3, 3)).to.equal(0);
  });
});
