import { expect } from 'chai';
import fc from 'fast-check';
import { pack } from '../../../actors/codec.ts';
import { SynodError } from '../../../actors/errors.ts';
import type { JournalWrite } from '../../../actors/journal.ts';
import { MemoryJournal } from '../../../actors/memory-journal.ts';
import { foundedBy } from '../../../machines/raft/configuration.ts';
import {
  append,
  compact,
  configurationAt,
  type Entry,
  lastIndex,
  logAfter,
  truncate,
} from '../../../machines/raft/log.ts';
import {
  baseRecords,
  entryRecord,
  LOG_ENTRIES_MAX,
  loadServerRecords,
  resetRecords,
  toAnchor,
  truncationRecords,
  voteRecord,
} from '../../../machines/raft/records.ts';
import { at, changeTo, configuration, entry } from './values.ts';

const FOUNDERS = ['0', '1', '2'];
const NOTHING_APPLIED = { applied: 0, anchor: null };

function journalWith(...writes: JournalWrite[]): MemoryJournal {
  const journal = new MemoryJournal();
  journal.commit(writes, () => {});
  return journal;
}

function load(journal: MemoryJournal, state: Parameters<typeof loadServerRecords>[1] = NOTHING_APPLIED) {
  return loadServerRecords(journal, state, FOUNDERS);
}

/** Entries as plain numbers, to be compared with those that come from a disk as bytes. */
function plain(entries: readonly Entry[]) {
  return entries.map(({ batch, ...rest }) => ({ ...rest, batch: batch.map((chunk) => [...chunk]) }));
}

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    return error instanceof SynodError ? error.code : String(error);
  }
  return undefined;
}

const entries = fc.oneof(
  { weight: 4, arbitrary: fc.record({ term: fc.nat(9), batch: fc.array(fc.uint8Array({ maxLength: 5 })) }) },
  fc
    .record({
      term: fc.nat(9),
      voters: fc.subarray(FOUNDERS, { minLength: 1 }),
      next: fc.subarray(['3', '4']),
    })
    .map(({ term, voters, next }) => changeTo(term, voters, { next })),
);

describe("a server's records (thesis, figure 3.1: persistent state)", () => {
  it('are those of a new server when there are none', () => {
    expect(load(new MemoryJournal())).to.deep.equal({
      member: undefined,
      isForgetful: false,
      term: 0,
      votedFor: undefined,
      log: logAfter(at(0, 0), foundedBy(FOUNDERS)),
      repairs: [],
    });
  });

  it('come back as they were written: the term, the vote in it, the log and its configurations', () => {
    const change = changeTo(3, ['0', '1'], { next: ['0', '3'], learners: ['4'] });
    const journal = journalWith(
      voteRecord(4, '1'),
      ...baseRecords(at(7, 2), configuration(['0', '1'])),
      entryRecord(8, { term: 2, batch: [new Uint8Array([1]), new Uint8Array([2, 3])] }),
      entryRecord(9, change),
      entryRecord(10, { term: 4, batch: [] }),
    );
    const { term, votedFor, log, repairs } = load(journal);
    expect([term, votedFor, repairs]).to.deep.equal([4, '1', []]);
    expect(log.base).to.deep.equal(at(7, 2));
    expect(plain(log.entries)).to.deep.equal([
      { term: 2, batch: [[1], [2, 3]] },
      { term: 3, configuration: change.configuration, batch: [] },
      { term: 4, batch: [] },
    ]);
    expect(log.configurations).to.deep.equal([
      { index: 7, configuration: configuration(['0', '1']) },
      { index: 9, configuration: change.configuration },
    ]);
  });

  it('remember a term in which nobody had the vote', () => {
    expect(load(journalWith(voteRecord(4, '1'), voteRecord(5, undefined)))).to.include({
      term: 5,
      votedFor: undefined,
    });
  });

  it('are the log as it was, whatever was appended, truncated, compacted and replaced', () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ do: fc.constant('append' as const), entry: entries }) },
      fc.record({
        do: fc.constantFrom('truncate' as const, 'compact' as const),
        part: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
      fc.record({ do: fc.constant('reset' as const), ahead: fc.integer({ min: 1, max: 5 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (given) => {
        const journal = new MemoryJournal();
        let log = logAfter(at(0, 0), foundedBy(FOUNDERS));
        for (const one of given) {
          const writes: JournalWrite[] = [];
          if (one.do === 'append') writes.push(entryRecord(append(log, one.entry), one.entry));
          else if (one.do === 'reset') {
            const base = at(lastIndex(log) + one.ahead, 9);
            log = logAfter(base, configuration(['4']));
            writes.push(...resetRecords(base, configuration(['4'])));
          } else {
            const index = log.base.index + Math.round(one.part * log.entries.length);
            if (one.do === 'truncate') {
              writes.push(...truncationRecords(index + 1, lastIndex(log)));
              truncate(log, index + 1);
            } else {
              const dropped = compact(log, index);
              writes.push(...baseRecords(log.base, configurationAt(log, index), dropped));
            }
          }
          journal.commit(writes, () => {});
          const read = load(journal).log;
          expect(read.base).to.deep.equal(log.base);
          expect(plain(read.entries)).to.deep.equal(plain(log.entries));
          expect(read.configurations).to.deep.equal(log.configurations);
          expect(read.bytes).to.equal(log.bytes);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('stand in a ring: one takes the place of that of the entry a whole ring before', () => {
    const journal = journalWith(
      entryRecord(1, entry(1, 1)),
      entryRecord(2, entry(1, 2)),
      ...baseRecords(at(LOG_ENTRIES_MAX, 1), foundedBy(FOUNDERS)),
    );
    const size = journal.disk.size;
    journal.commit([entryRecord(LOG_ENTRIES_MAX + 1, entry(1, 3))], () => {});
    expect(journal.disk.size).to.equal(size);
    expect(plain(load(journal).log.entries)).to.deep.equal([{ term: 1, batch: [[3]] }]);
  });

  it('leave the disk when they are large, and wait to be written over when they are small', () => {
    const large: Entry = { term: 1, batch: [new Uint8Array(32 * 1024)] };
    const writes = baseRecords(at(9, 1), foundedBy(FOUNDERS), [entry(1, 1), large]);
    const deleted = writes.flatMap((write) =>
      'key' in write && write.value === undefined ? [write.key] : [],
    );
    expect(deleted).to.deep.equal([['entry', 9]]);
  });

  it('leave nothing of a log that was replaced', () => {
    const journal = journalWith(entryRecord(1, entry(1, 1)), entryRecord(2, entry(1, 2)));
    journal.commit(resetRecords(at(9, 3), configuration(['0'])), () => {});
    expect(journal.disk.size, 'the base').to.equal(1);
    expect(load(journal).log).to.deep.equal(logAfter(at(9, 3), configuration(['0'])));
  });

  describe('beside a state on disk (thesis, chapter 5)', () => {
    const anchor = { term: 2, configuration: configuration(['0', '1']) };
    const journal = () =>
      journalWith(...[1, 2, 2].map((term, place) => entryRecord(place + 1, entry(term, place))));

    it('are as they are while the log reaches as far as the state, or further', () => {
      for (const applied of [2, 3]) {
        const { log, repairs } = load(journal(), { applied, anchor });
        expect([log.base.index, log.entries.length, repairs]).to.deep.equal([0, 3, []]);
      }
    });

    it('are those of a new log where the state is ahead: a snapshot was put in force just before the end', () => {
      const disk = journal();
      const { log, repairs } = load(disk, { applied: 9, anchor });
      expect(log).to.deep.equal(logAfter(at(9, 2), anchor.configuration));
      disk.commit(repairs, () => {});
      expect(load(disk, { applied: 9, anchor })).to.deep.include({ log, repairs: [] });
    });

    it('are those of a new log where the state is of an entry that another leader has replaced', () => {
      const { log } = load(journal(), { applied: 2, anchor: { ...anchor, term: 5 } });
      expect(log.base).to.deep.equal(at(2, 5));
      expect(log.entries).to.deep.equal([]);
    });

    it('stay where the state was lost', () => {
      const disk = journalWith(...baseRecords(at(7, 2), configuration(['0'])), entryRecord(8, entry(2, 1)));
      expect(load(disk).log.base).to.deep.equal(at(7, 2));
    });
  });

  it('are refused as corrupt when no server can have written them', () => {
    const vote = (value: unknown): JournalWrite => ({ key: ['raft', 'vote'], value: pack(value) });
    const base = (value: unknown): JournalWrite => ({ key: ['raft', 'base'], value: pack(value) });
    const ring = (value: unknown): JournalWrite => ({ key: ['entry', 1], value: pack(value) });
    const { voters, nextVoters, learners } = configuration(['0']);
    const broken: readonly (readonly JournalWrite[])[] = [
      [vote('term')],
      [vote([-1, null])],
      [vote([1.5, null])],
      [vote([1, 7])],
      [base('low')],
      [base([1, 'x', configuration(['0'])])],
      [base([1, 1, null])],
      [base([1, 1, { voters: 'all', nextVoters, learners }])],
      [base([1, 1, { voters, nextVoters: [3], learners }])],
      [base([1, 1, { voters, nextVoters }])],
      [ring({ index: 1 })],
      [ring([1, 1, null, 'text'])],
      [ring([1, -1, null])],
      [ring(['one', 1, null])],
      [ring([1, 1, 'configuration'])],
      [entryRecord(2, entry(1, 1))], // after a gap
      [entryRecord(1, entry(1, 1)), entryRecord(3, entry(1, 1))],
      [{ key: ['raft', 'member'], value: pack(7) }],
    ];
    for (const [place, writes] of broken.entries()) {
      expect(
        codeOf(() => load(journalWith(...writes))),
        `the ${place}th`,
      ).to.equal('SYNOD_CORRUPT_RECORD');
    }
  });

  it('are refused as corrupt beside a state that says nothing of its last entry', () => {
    for (const anchor of [null, 'none', {}, { term: 1 }, { term: -1, configuration: configuration(['0']) }]) {
      expect(codeOf(() => toAnchor(anchor))).to.equal('SYNOD_CORRUPT_RECORD');
      expect(codeOf(() => load(new MemoryJournal(), { applied: 1, anchor }))).to.equal(
        'SYNOD_CORRUPT_RECORD',
      );
    }
  });
});
