import { expect } from 'chai';
import fc from 'fast-check';
import { digestOf, Held, isRanges } from '../../../machines/eventual/held.ts';
import { held } from './values.ts';

/** The writes of a set, one by one. */
function writesOf(set: Held): string[] {
  return set.ranges
    .flatMap(([origin, ...bounds]) => {
      const writes: string[] = [];
      for (let at = 0; at < bounds.length; at += 2) {
        for (let counter = bounds[at]!; counter <= bounds[at + 1]!; counter++)
          writes.push(`${origin} ${counter}`);
      }
      return writes;
    })
    .sort();
}

describe('what a server holds', () => {
  it('is a set of writes, whatever the order they come in', () => {
    const writes = fc.array(fc.tuple(fc.constantFrom(0, 3), fc.integer({ min: 1, max: 12 })));
    fc.assert(
      fc.property(writes, (list) => {
        const set = new Held();
        for (const [origin, counter] of list) set.add(origin, counter);
        const expected = new Set(list.map(([origin, counter]) => `${origin} ${counter}`));
        expect(writesOf(set)).to.deep.equal([...expected].sort());
        expect(set.size).to.equal(expected.size);
        expect(isRanges(set.ranges)).to.equal(true);
        for (let counter = 1; counter <= 13; counter++)
          expect(set.has(3, counter)).to.equal(expected.has(`3 ${counter}`));
        let upTo = 0;
        while (expected.has(`0 ${upTo + 1}`)) upTo += 1;
        expect(set.upTo(0)).to.equal(upTo);
      }),
    );
  });

  it('joins, meets and is subtracted as sets are', () => {
    fc.assert(
      fc.property(held, held, (a, b) => {
        const inA = writesOf(a);
        const inB = writesOf(b);
        expect(writesOf(a.minus(b))).to.deep.equal(inA.filter((write) => !inB.includes(write)));
        expect(writesOf(a.meet(b))).to.deep.equal(inA.filter((write) => inB.includes(write)));
        expect(a.includes(b)).to.equal(inB.every((write) => inA.includes(write)));
        const both = new Held(a.ranges);
        both.addAll(b);
        expect(writesOf(both)).to.deep.equal([...new Set([...inA, ...inB])].sort());
        expect(both.ranges).to.deep.equal(new Held(both.ranges).ranges);
      }),
    );
  });

  it('covers a clock when it has all that this covers, without a gap', () => {
    const set = new Held([[1, 1, 5, 7, 9]]);
    expect(set.clock).to.deep.equal([1, 5]);
    expect([[], [1, 5], [1, 6], [1, 9], [2, 1]].map((clock) => set.covers(clock))).to.deep.equal([
      true,
      true,
      false,
      false,
      false,
    ]);
    set.add(1, 6);
    expect(set.clock).to.deep.equal([1, 9]);
  });

  it('has a digest that tells sets apart', () => {
    fc.assert(
      fc.property(held, held, (a, b) => {
        const areEqual = JSON.stringify(a.ranges) === JSON.stringify(b.ranges);
        expect(digestOf(a.ranges) === digestOf(b.ranges)).to.equal(areEqual);
        expect(Number.isSafeInteger(digestOf(a.ranges))).to.equal(true);
      }),
    );
  });

  it('is told from what is none', () => {
    for (const value of [
      undefined,
      {},
      [1],
      [[]],
      [[0, 1]],
      [[0, 1, 2, 3]],
      [[0, 2, 1]],
      [[0, 0, 1]],
      [[0, 1, 2, 3, 4]],
      [
        [1, 1, 1],
        [0, 1, 1],
      ],
      [
        [0, 1, 1],
        [0, 3, 3],
      ],
      [[-1, 1, 1]],
    ]) {
      expect(isRanges(value), JSON.stringify(value)).to.equal(false);
    }
  });
});
