import { expect } from 'chai';
import { pack } from '../../../actors/codec.ts';
import { CorruptRecordError, SynodError } from '../../../actors/errors.ts';
import type { JournalWrite } from '../../../actors/journal.ts';
import { MemoryDisk, MemoryJournal } from '../../../actors/memory-journal.ts';
import { GroupJournal, type JournalRecord, recordOf } from '../../../machines/two-phase-commit/journal.ts';
import { puts } from './values.ts';

function group(id: number) {
  return { id, count: 2, participants: ['1', '2'] };
}

function ready(id: number): JournalRecord {
  return { ...recordOf('READY', group(id), [1]), transactions: puts('a', 'b') };
}

/** A journal whose writes a test puts on the disk. */
function journalOn(disk: MemoryDisk) {
  const memory = new MemoryJournal({ disk });
  const journal = new GroupJournal(memory, '1');
  return { journal, commit: (writes: readonly JournalWrite[]) => memory.commit(writes, () => {}) };
}

describe('the journal of two-phase commit', () => {
  it('gives back what was appended, in the order of groups, the decision after what it decides', () => {
    const disk = new MemoryDisk();
    const { journal, commit } = journalOn(disk);
    commit(journal.append(recordOf('ABORT', group(9))));
    commit(journal.append(recordOf('COMMIT', group(7), [1])));
    commit(journal.append(ready(7)));
    const expected = [ready(7), recordOf('COMMIT', group(7), [1]), recordOf('ABORT', group(9))];
    expect([...journal.iterate()]).to.deep.equal(expected);
    expect([...journalOn(disk).journal.iterate(8)]).to.deep.equal(expected.slice(2));
  });

  it('counts its records, those of a former life too', () => {
    const disk = new MemoryDisk();
    const { journal, commit } = journalOn(disk);
    expect(journal.isEmpty).to.equal(true);
    commit(journal.append(ready(7)));
    commit(journal.append(recordOf('COMMIT', group(7))));
    commit(journal.append(recordOf('COMMIT', group(7))));
    expect(journal.size).to.equal(2);
    const again = journalOn(disk);
    expect(again.journal.size).to.equal(2);
    again.commit(again.journal.remove(7));
    expect(again.journal.isEmpty).to.equal(true);
    expect(disk.size).to.equal(0);
  });

  it('keeps what is done lazily for the next who writes, in order', () => {
    const disk = new MemoryDisk();
    const { journal, commit } = journalOn(disk);
    journal.appendLazily(recordOf('COMMIT', group(7)));
    journal.removeLazily(7);
    journal.appendLazily(recordOf('ABORT', group(8)));
    expect(journal.hasLazy).to.equal(true);
    expect(disk.size).to.equal(0);
    commit(journal.append(recordOf('ABORT', group(9))));
    expect(journal.hasLazy).to.equal(false);
    expect([...journal.iterate()].map(({ group: id }) => id)).to.deep.equal([8, 9]);
  });

  it('remembers the mark, which never goes back', () => {
    const disk = new MemoryDisk();
    const { journal, commit } = journalOn(disk);
    journal.raiseMark(9);
    journal.raiseMark(5);
    expect(journal.mark).to.equal(9);
    commit(journal.takeLazy());
    expect(journalOn(disk).journal.mark).to.equal(9);
  });

  it('does not have a record that was not completely written when the power went: nothing rests on it', () => {
    const disk = new MemoryDisk();
    const memory = new MemoryJournal({ disk, flush: () => {} });
    const journal = new GroupJournal(memory, '1');
    let durable = false;
    memory.commit([...journal.append(ready(7)), ...journal.append(recordOf('COMMIT', group(7)))], () => {
      durable = true;
    });
    memory.crash();
    expect(durable).to.equal(false);
    expect([...journalOn(disk).journal.iterate()]).to.deep.equal([]);
  });

  it('refuses a record that has rotted, wherever it stands', () => {
    for (const rotten of [7, 8, 9]) {
      const disk = new MemoryDisk();
      const { journal, commit } = journalOn(disk);
      for (const id of [7, 8, 9]) commit(journal.append(recordOf('ABORT', group(id))));
      disk.rot(['group', rotten, 1]);
      expect(() => journalOn(disk)).to.throw(CorruptRecordError, String(rotten));
    }
  });

  const BROKEN: Readonly<Record<string, unknown>> = {
    'is no list': 'COMMIT',
    'is of no known kind': ['END', 2, ['1'], [], new Uint8Array(0)],
    'is of the kind of another place': ['BEGIN', 2, ['1'], [], new Uint8Array(0)],
    'has no participants': ['COMMIT', 2, 'all', [], new Uint8Array(0)],
    'refuses what is no place': ['COMMIT', 2, ['1'], [-1], new Uint8Array(0)],
    'has no number of transactions': ['COMMIT', null, ['1'], [], new Uint8Array(0)],
    'has no transactions': ['COMMIT', 2, ['1'], [], 'none'],
    'is too short': ['COMMIT', 2],
  };
  for (const [what, value] of Object.entries(BROKEN)) {
    it(`refuses a record that ${what}, and says where`, () => {
      const disk = new MemoryDisk();
      disk.write({ key: ['group', 2 ** 32 + 7, 1], value: pack(value) });
      expect(() => journalOn(disk))
        .to.throw(SynodError, 'the record of group 1.7')
        .with.property('code', 'SYNOD_CORRUPT_RECORD');
    });
  }
});
