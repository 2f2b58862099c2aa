import { expect } from 'chai';
import { ACCEPTED_SLOTS_MAX } from '../../../machines/paxos/acceptor-records.ts';
import {
  closeSlot,
  collectSlots,
  openSlot,
  type Proposals,
  proposalsAfter,
} from '../../../machines/paxos/proposals.ts';
import type { Pvalue, Slot } from '../../../machines/paxos/pvalue.ts';
import type { PaxosSettings } from '../../../machines/paxos/settings.ts';
import { bytesOf, NO_OP } from '../../../machines/replication/batch.ts';
import { enqueue as enqueueChunk } from '../../../machines/replication/pending.ts';
import { ballot, batch, pvalue, settings } from './values.ts';

const OLD = ballot(1, 'b');
const SLOT_BYTES = bytesOf(batch(1));

function fresh(floor: Slot = 1): Proposals {
  return proposalsAfter(new Map(), floor);
}

function adopted(floor: Slot, ...accepted: Pvalue[]): Proposals {
  return proposalsAfter(new Map(accepted.map((value) => [value.slot, value])), floor);
}

function enqueue(proposals: Proposals, chunk: Uint8Array, bounds: PaxosSettings): boolean {
  return enqueueChunk(proposals.pending, chunk, bounds);
}

/** Opens slots until a bound is reached, each for a chunk of one byte. */
function openAll(proposals: Proposals, changed: Partial<PaxosSettings>): Slot[] {
  const bounds = settings({ slotBytesMax: 1, ...changed });
  const opened: Slot[] = [];
  for (;;) {
    if (proposals.pending.chunks.length === 0) enqueue(proposals, new Uint8Array([1]), bounds);
    const next = openSlot(proposals, bounds);
    if (next === undefined) return opened;
    opened.push(next.slot);
  }
}

describe('the proposals of a leader', () => {
  it('begin with what former ballots had accepted, gaps filled with no-ops (PMMC, figure 7)', () => {
    const proposals = adopted(3, pvalue(OLD, 4, 4), pvalue(OLD, 7, 7));
    const opened = Array.from({ length: 5 }, () => openSlot(proposals, settings()));
    expect(opened).to.deep.equal([
      { slot: 3, batch: NO_OP },
      { slot: 4, batch: batch(4) },
      { slot: 5, batch: NO_OP },
      { slot: 6, batch: NO_OP },
      { slot: 7, batch: batch(7) },
    ]);
    expect(openSlot(proposals, settings())).to.equal(undefined);
    expect(proposals.nextSlot).to.equal(8);
  });

  it('leave alone what stands below the floor: it is decided', () => {
    const proposals = adopted(5, pvalue(OLD, 2, 2), pvalue(OLD, 4, 4));
    enqueue(proposals, new Uint8Array([9]), settings());
    expect(openSlot(proposals, settings())).to.deep.equal({ slot: 5, batch: batch(9) });
  });

  it('put new commands after the adopted ones, which have their own slots', () => {
    const proposals = adopted(1, pvalue(OLD, 1, 1));
    enqueue(proposals, new Uint8Array([9]), settings());
    expect(openSlot(proposals, settings())).to.deep.equal({ slot: 1, batch: batch(1) });
    expect(openSlot(proposals, settings())).to.deep.equal({ slot: 2, batch: batch(9) });
  });

  it('put all that waits into one slot, in its order, up to so many bytes', () => {
    const proposals = fresh();
    const bounds = settings({ slotBytesMax: 3 });
    for (let byte = 1; byte <= 5; byte++) enqueue(proposals, new Uint8Array([byte]), bounds);
    expect(openSlot(proposals, bounds)).to.deep.equal({ slot: 1, batch: batch(1, 2, 3) });
    expect(openSlot(proposals, bounds)).to.deep.equal({ slot: 2, batch: batch(4, 5) });
    expect(proposals.pending.bytes).to.equal(0);
  });

  it('give one chunk that is larger than that a slot alone', () => {
    const proposals = fresh();
    const bounds = settings({ slotBytesMax: 3 });
    enqueue(proposals, new Uint8Array(10), bounds);
    enqueue(proposals, new Uint8Array(1), bounds);
    expect(openSlot(proposals, bounds)?.batch.map((chunk) => chunk.byteLength)).to.deep.equal([10]);
    expect(openSlot(proposals, bounds)?.batch.map((chunk) => chunk.byteLength)).to.deep.equal([1]);
  });

  it('refuse what is too much to wait, but never everything', () => {
    const proposals = fresh();
    const bounds = settings({ pendingBytesMax: 4 });
    expect(enqueue(proposals, new Uint8Array(9), bounds)).to.equal(true);
    expect(enqueue(proposals, new Uint8Array(1), bounds)).to.equal(false);
    openSlot(proposals, bounds);
    expect(enqueue(proposals, new Uint8Array(1), bounds)).to.equal(true);
  });

  describe('their bounds', () => {
    it('are so many undecided slots (PMMC: WINDOW), and a decision makes room', () => {
      const proposals = fresh();
      expect(openAll(proposals, { windowSlots: 2 })).to.deep.equal([1, 2]);
      closeSlot(proposals, 2);
      expect(openAll(proposals, { windowSlots: 2 })).to.deep.equal([3]);
    });

    it('are so many undecided bytes, and a decision makes room', () => {
      const proposals = fresh();
      expect(openAll(proposals, { windowBytesMax: SLOT_BYTES * 2 })).to.deep.equal([1, 2]);
      closeSlot(proposals, 1);
      closeSlot(proposals, 1);
      expect(openAll(proposals, { windowBytesMax: SLOT_BYTES * 2 })).to.deep.equal([3]);
    });

    it('are half of the slots that an acceptor keeps, and collection makes room', () => {
      const proposals = fresh(11);
      const opened = openAll(proposals, { windowSlots: Number.POSITIVE_INFINITY });
      expect(opened.at(-1)).to.equal(10 + ACCEPTED_SLOTS_MAX / 2);
      for (const slot of opened) closeSlot(proposals, slot);
      collectSlots(proposals, 13);
      expect(openAll(proposals, { windowSlots: Number.POSITIVE_INFINITY })).to.have.length(2);
    });

    it('are half of the bytes that an acceptor keeps, and collection makes room', () => {
      const proposals = fresh();
      const bounds = { acceptedBytesMax: SLOT_BYTES * 4 };
      expect(openAll(proposals, bounds)).to.deep.equal([1, 2]);
      closeSlot(proposals, 1);
      closeSlot(proposals, 2);
      expect(openAll(proposals, bounds)).to.deep.equal([]);
      collectSlots(proposals, 2);
      expect(openAll(proposals, bounds)).to.deep.equal([3]);
      collectSlots(proposals, 1);
      expect(openAll(proposals, bounds)).to.deep.equal([]);
    });

    it('hold for adopted slots as well', () => {
      const proposals = adopted(1, pvalue(OLD, 1, 1), pvalue(OLD, 2, 2), pvalue(OLD, 3, 3));
      expect(openAll(proposals, { windowSlots: 2 })).to.deep.equal([1, 2]);
    });
  });
});
