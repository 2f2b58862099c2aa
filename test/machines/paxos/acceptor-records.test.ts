import { expect } from 'chai';
import { pack } from '../../../actors/codec.ts';
import { SynodError } from '../../../actors/errors.ts';
import type { JournalWrite } from '../../../actors/journal.ts';
import { MemoryJournal } from '../../../actors/memory-journal.ts';
import {
  ACCEPTED_SLOTS_MAX,
  acceptedRecord,
  floorRecords,
  livesRecord,
  loadAcceptorRecords,
  promiseRecord,
  REUSED_BYTES_MAX,
} from '../../../machines/paxos/acceptor-records.ts';
import { LOWEST_BALLOT } from '../../../machines/paxos/ballot.ts';
import type { Pvalue } from '../../../machines/paxos/pvalue.ts';
import { ballot, pvalue } from './values.ts';

const BALLOT = ballot(2, 'a');

function journalWith(...writes: JournalWrite[]): MemoryJournal {
  const journal = new MemoryJournal();
  journal.commit(writes, () => {});
  return journal;
}

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    return error instanceof SynodError ? error.code : String(error);
  }
  return undefined;
}

describe("the acceptor's records", () => {
  it('are those of a new acceptor when there are none', () => {
    expect(loadAcceptorRecords(new MemoryJournal())).to.deep.equal({
      ballot: LOWEST_BALLOT,
      accepted: [],
      floor: 1,
      life: 0,
      lives: new Map(),
      isForgetful: false,
    });
  });

  it('come back as they were written, in the order of their slots', () => {
    const empty: Pvalue = { ballot: BALLOT, slot: 4, batch: [] };
    const many: Pvalue = {
      ballot: ballot(1, 'b'),
      slot: 2,
      batch: [new Uint8Array([1]), new Uint8Array([2, 3])],
    };
    const journal = journalWith(promiseRecord(BALLOT), acceptedRecord(empty), acceptedRecord(many));
    const { ballot: promised, accepted } = loadAcceptorRecords(journal);
    expect(promised).to.deep.equal(BALLOT);
    expect(
      accepted.map(({ batch, ...rest }) => ({ ...rest, batch: batch.map((chunk) => [...chunk]) })),
    ).to.deep.equal([
      { ballot: ballot(1, 'b'), slot: 2, batch: [[1], [2, 3]] },
      { ballot: BALLOT, slot: 4, batch: [] },
    ]);
  });

  it('stand in a ring: one takes the place of that of the slot a whole ring before', () => {
    const journal = journalWith(
      promiseRecord(BALLOT),
      acceptedRecord(pvalue(BALLOT, 5, 1)),
      acceptedRecord(pvalue(BALLOT, 6, 2)),
      ...floorRecords(6, []),
      acceptedRecord(pvalue(BALLOT, 5 + ACCEPTED_SLOTS_MAX, 3)),
    );
    const { accepted } = loadAcceptorRecords(journal);
    expect(accepted.map(({ slot }) => slot)).to.deep.equal([6, 5 + ACCEPTED_SLOTS_MAX]);
    expect(journal.disk.size, 'the ballot, the floor, and two places of the ring').to.equal(4);
  });

  it('leave out what is below the floor', () => {
    const journal = journalWith(
      promiseRecord(BALLOT),
      acceptedRecord(pvalue(BALLOT, 5, 1)),
      acceptedRecord(pvalue(BALLOT, 6, 2)),
      ...floorRecords(6, [pvalue(BALLOT, 5, 1)]),
    );
    const { accepted, floor } = loadAcceptorRecords(journal);
    expect(accepted.map(({ slot }) => slot)).to.deep.equal([6]);
    expect(floor).to.equal(6);
  });

  it('say in which life it is, and the others; or that it has lost its memory', () => {
    const lives = new Map([['b', 2]]);
    const { isForgetful, ...alive } = loadAcceptorRecords(journalWith(livesRecord(1, lives)));
    expect(isForgetful).to.equal(false);
    expect(alive).to.deep.include({ life: 1, lives });
    expect(loadAcceptorRecords(journalWith(livesRecord(undefined, lives)))).to.deep.include({
      isForgetful: true,
      life: 0,
      lives,
    });
  });

  it('leave the disk when they are large, and wait to be written over when they are small', () => {
    const large: Pvalue = { ballot: BALLOT, slot: 1, batch: [new Uint8Array(REUSED_BYTES_MAX)] };
    const small = pvalue(BALLOT, 2, 1);
    const deleted = floorRecords(3, [large, small]).filter(
      (write) => 'key' in write && write.value === undefined,
    );
    expect(deleted).to.have.length(1);
  });

  it('are refused as corrupt when no acceptor can have written them', () => {
    const broken: readonly JournalWrite[][] = [
      [acceptedRecord(pvalue(BALLOT, 1, 1))], // above the promise
      [{ key: ['acceptor', 'ballot'], value: pack('round') }],
      [{ key: ['acceptor', 'ballot'], value: pack([-1, 'a']) }],
      [{ key: ['acceptor', 'floor'], value: pack('low') }],
      [{ key: ['acceptor', 'lives'], value: pack('many') }],
      [{ key: ['acceptor', 'lives'], value: pack(['many']) }],
      [{ key: ['acceptor', 'lives'], value: pack([1, 'a']) }],
      [{ key: ['acceptor', 'lives'], value: pack([1, ['a', -1]]) }],
      [promiseRecord(BALLOT), { key: ['accepted', 1], value: pack({ slot: 1 }) }],
      [promiseRecord(BALLOT), { key: ['accepted', 1], value: pack([1, 1, 'a', 'text']) }],
      [promiseRecord(BALLOT), { key: ['accepted', 1], value: pack([1.5, 1, 'a']) }],
    ];
    for (const writes of broken) {
      const journal = journalWith(...writes);
      expect(codeOf(() => loadAcceptorRecords(journal))).to.equal('SYNOD_CORRUPT_RECORD');
    }
  });
});
