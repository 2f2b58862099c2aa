import { expect } from 'chai';
import fc from 'fast-check';
import type { Configuration } from '../../../machines/raft/configuration.ts';
import {
  append,
  compact,
  configurationAt,
  configurationIndex,
  configurationOf,
  conflictAt,
  type Entry,
  entriesFrom,
  isUpToDate,
  type Log,
  lastIndex,
  lastPosition,
  logAfter,
  NO_TERM,
  nextAfterConflict,
  termAt,
  truncate,
} from '../../../machines/raft/log.ts';
import { bytesOf } from '../../../machines/replication/batch.ts';
import { logOf } from './server-driver.ts';
import { at, changeTo, configuration, entry } from './values.ts';

const FOUNDED = configuration(['a', 'b', 'c']);

/** A log as one would first write it: every entry that there ever was, and how many of them are gone. */
interface NaiveLog {
  readonly all: Entry[];
  gone: number;
}

type Step =
  | { readonly do: 'append'; readonly term: number; readonly voters: readonly string[] | undefined }
  | { readonly do: 'truncate' | 'compact'; readonly part: number };

const steps = fc.array(
  fc.oneof(
    fc.record({
      do: fc.constant('append' as const),
      term: fc.integer({ min: 1, max: 4 }),
      voters: fc.option(fc.subarray(['a', 'b', 'c', 'd'], { minLength: 1 }), { nil: undefined, freq: 3 }),
    }),
    fc.record({
      do: fc.constantFrom('truncate' as const, 'compact' as const),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  ),
  { maxLength: 40 },
);

function take(log: Log, naive: NaiveLog, step: Step): void {
  if (step.do === 'append') {
    const { term, voters } = step;
    const next = voters === undefined ? entry(term, naive.all.length) : changeTo(term, voters);
    naive.all.push(next);
    expect(append(log, next)).to.equal(naive.all.length);
    return;
  }
  const kept = naive.gone + Math.round(step.part * (naive.all.length - naive.gone));
  if (step.do === 'truncate') {
    truncate(log, kept + 1);
    naive.all.splice(kept);
  } else {
    expect(compact(log, kept)).to.deep.equal(naive.all.slice(naive.gone, kept));
    naive.gone = kept;
  }
}

function configurationIn(naive: NaiveLog, index: number): Configuration {
  return naive.all.slice(0, index).findLast((known) => known.configuration)?.configuration ?? FOUNDED;
}

function expectSame(log: Log, naive: NaiveLog): void {
  const { all, gone } = naive;
  const termOf = (index: number) => (index === 0 ? 0 : all[index - 1]?.term);
  expect(log.base).to.deep.equal(at(gone, termOf(gone)!));
  expect(log.entries).to.deep.equal(all.slice(gone));
  expect(log.bytes).to.equal(all.slice(gone).reduce((sum, { batch }) => sum + bytesOf(batch), 0));
  expect(lastPosition(log)).to.deep.equal(at(all.length, termOf(all.length)!));
  expect(configurationOf(log)).to.deep.equal(configurationIn(naive, all.length));
  for (let index = 0; index <= all.length + 1; index++) {
    expect(termAt(log, index)).to.equal(index < gone ? undefined : termOf(index));
    if (index >= gone) expect(configurationAt(log, index)).to.deep.equal(configurationIn(naive, index));
  }
}

/** Terms that never go back, as every log has them. */
const terms = fc
  .array(fc.integer({ min: 0, max: 1 }), { maxLength: 12 })
  .map((rises) => rises.map((_, place) => rises.slice(0, place + 1).reduce((sum, rise) => sum + rise, 1)));

/** Two logs that are the same up to some place, and have nothing in common after it, as figure 3.6 of the thesis has them. */
const diverged = fc
  .record({ shared: terms, ours: terms, theirs: terms, base: fc.nat(4) })
  .map(({ shared, ours, theirs, base }) => {
    const top = shared.at(-1) ?? 0;
    // Of any term after the shared ones, one of the two has entries: a term has one leader.
    const odd = ours.map((term) => top + term * 2 + 1);
    const even = theirs.map((term) => top + term * 2);
    return { leader: [...shared, ...odd], follower: [...shared, ...even], shared, base };
  });

describe("a server's log (thesis, section 3.5)", () => {
  it('is as a naive one, whatever is appended, truncated and compacted', () => {
    fc.assert(
      fc.property(steps, (given) => {
        const log = logAfter(at(0, 0), FOUNDED);
        const naive: NaiveLog = { all: [], gone: 0 };
        for (const step of given) {
          take(log, naive, step);
          expectSame(log, naive);
        }
      }),
    );
  });

  it('has a configuration in force as soon as it stands in it, and the former one when that goes (section 4.1)', () => {
    const log = logOf([1]);
    append(log, changeTo(1, ['a', 'b', 'c', 'd']));
    append(log, entry(1, 1));
    expect([configurationOf(log).voters.length, configurationIndex(log)]).to.deep.equal([4, 2]);
    truncate(log, 3);
    expect(configurationIndex(log)).to.equal(2);
    truncate(log, 2);
    expect([configurationOf(log).voters.length, configurationIndex(log)]).to.deep.equal([3, 0]);
  });

  it('is compacted to nothing that it does not hold', () => {
    expect(() => compact(logOf([1, 1]), 3)).to.throw('no entry 3');
    expect(() => compact(logOf([1, 1], at(5, 1)), 4)).to.throw('no entry 4');
  });

  it('is up to date beside another by its last term, and then by its length (section 3.6.1)', () => {
    fc.assert(
      fc.property(terms, terms, (some, others) => {
        const [a, b] = [lastPosition(logOf(some)), lastPosition(logOf(others))];
        const isNewer = a.term !== b.term ? a.term > b.term : a.index >= b.index;
        expect(isUpToDate(a, b)).to.equal(isNewer);
        expect(isUpToDate(a, b) || isUpToDate(b, a)).to.equal(true);
      }),
    );
  });

  it('gives entries up to so many bytes, and one that is larger alone', () => {
    const log = logAfter(at(10, 1), FOUNDED);
    for (let byte = 1; byte <= 5; byte++) append(log, entry(2, byte));
    const one = bytesOf(entry(2, 1).batch);
    const bytes = (given: readonly Entry[]) => given.map(({ batch }) => batch[0]![0]);
    expect(bytes(entriesFrom(log, 12, 15, one * 2))).to.deep.equal([2, 3]);
    expect(bytes(entriesFrom(log, 12, 12, one * 2))).to.deep.equal([2]);
    expect(bytes(entriesFrom(log, 11, 15, 1))).to.deep.equal([1]);
    expect(entriesFrom(log, 16, 15, one)).to.deep.equal([]);
  });
});

describe('the consistency check (thesis, section 3.5)', () => {
  it('lets entries follow what stands there of the same term, or before the base', () => {
    const log = logOf([2, 3, 3], at(4, 2));
    for (const previous of [at(4, 2), at(5, 2), at(7, 3), at(3, 1), at(0, 0)]) {
      expect(conflictAt(log, previous)).to.equal(undefined);
    }
  });

  it('tells of a log that ends before', () => {
    expect(conflictAt(logOf([1, 1]), at(5, 1))).to.deep.equal(at(3, NO_TERM));
  });

  it('tells of the first entry of the term that stands there instead, as far as the base', () => {
    expect(conflictAt(logOf([1, 2, 2, 2, 3]), at(4, 4))).to.deep.equal(at(2, 2));
    expect(conflictAt(logOf([2, 2], at(4, 2)), at(6, 4))).to.deep.equal(at(5, 2));
  });

  it('finds, with its hints, where two logs part in as many steps as there are terms, and no later', () => {
    fc.assert(
      fc.property(diverged, ({ leader, follower, shared, base }) => {
        const ours = logOf(leader);
        const theirs = logOf(follower);
        // What both share may be compacted at the follower.
        compact(theirs, Math.min(base, shared.length));
        let next = lastIndex(ours) + 1;
        let steps = 0;
        for (;;) {
          const conflict = conflictAt(theirs, at(next - 1, termAt(ours, next - 1)!));
          if (conflict === undefined) break;
          const further = Math.min(nextAfterConflict(ours, conflict), next - 1);
          expect(further).to.be.below(next);
          next = further;
          steps += 1;
        }
        expect(next - 1, 'the logs match there').to.be.at.most(shared.length);
        expect(steps).to.be.at.most(new Set([...leader, ...follower]).size + 1);
      }),
    );
  });
});

describe("a leader's next entry for a follower whose log conflicts (thesis, section 3.5)", () => {
  it('comes after the last entry that both may have of the conflicting term', () => {
    const log = logOf([1, 1, 3, 3, 5]);
    expect(nextAfterConflict(log, { index: 2, term: 3 })).to.equal(5);
  });

  it('comes at the first entry of that term where the leader has none of it', () => {
    const log = logOf([1, 1, 3, 3, 5]);
    expect(nextAfterConflict(log, { index: 3, term: 2 })).to.equal(3);
    expect(nextAfterConflict(log, { index: 4, term: 4 })).to.equal(4);
  });

  it('comes after the end of a log that is short', () => {
    expect(nextAfterConflict(logOf([1, 1]), { index: 1, term: NO_TERM })).to.equal(1);
  });

  it('comes after the base, where that is of the conflicting term: no snapshot is needed', () => {
    const log = logOf([5, 5], { index: 100, term: 3 });
    expect(nextAfterConflict(log, { index: 50, term: 3 })).to.equal(101);
  });
});
