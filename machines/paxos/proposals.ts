import { type Batch, bytesOf, NO_OP } from '../replication/batch.ts';
import { nothingPending, type Pending, takeBatch } from '../replication/pending.ts';
import { ACCEPTED_SLOTS_MAX } from './acceptor-records.ts';
import type { Pvalue, Slot } from './pvalue.ts';
import type { PaxosSettings } from './settings.ts';

/** What an active leader has to propose, and what it has proposed: bounded on every side. */
export interface Proposals {
  /** The next slot to open. */
  nextSlot: Slot;
  /** Slots to open first, in order: what a former leader may have had accepted, its gaps filled with no-ops. */
  readonly adopted: { readonly slot: Slot; readonly batch: Batch }[];
  readonly pending: Pending;
  /** Slots proposed and not yet decided, with their bytes. */
  readonly open: Map<Slot, number>;
  openBytes: number;
  /** Slots that acceptors still keep, with their bytes: from `floor` on. */
  readonly kept: Map<Slot, number>;
  keptBytes: number;
  floor: Slot;
}

/**
 * The proposals of a ballot that has just been adopted: the pvalues of former ballots, each slot's highest
 * (PMMC, figure 7: pmax), and a no-op for each slot between them that nobody is known to have proposed for.
 */
export function proposalsAfter(accepted: ReadonlyMap<Slot, Pvalue>, floor: Slot): Proposals {
  let last = floor - 1;
  for (const slot of accepted.keys()) last = Math.max(last, slot);
  const adopted: { slot: Slot; batch: Batch }[] = [];
  for (let slot = floor; slot <= last; slot++)
    adopted.push({ slot, batch: accepted.get(slot)?.batch ?? NO_OP });
  return {
    nextSlot: last + 1,
    adopted,
    pending: nothingPending(),
    open: new Map(),
    openBytes: 0,
    kept: new Map(),
    keptBytes: 0,
    floor,
  };
}

/** Opens the next slot, or none when nothing waits or a bound is reached. */
export function openSlot(
  proposals: Proposals,
  settings: PaxosSettings,
): { slot: Slot; batch: Batch } | undefined {
  if (!hasRoom(proposals, settings)) return undefined;
  const next = proposals.adopted.shift() ?? takePending(proposals, settings);
  if (next === undefined) return undefined;
  const bytes = bytesOf(next.batch);
  proposals.open.set(next.slot, bytes);
  proposals.openBytes += bytes;
  proposals.kept.set(next.slot, bytes);
  proposals.keptBytes += bytes;
  return next;
}

/** A slot is decided. */
export function closeSlot(proposals: Proposals, slot: Slot): void {
  proposals.openBytes -= proposals.open.get(slot) ?? 0;
  proposals.open.delete(slot);
}

/** The acceptors forget the slots below `floor`. */
export function collectSlots(proposals: Proposals, floor: Slot): void {
  if (floor <= proposals.floor) return;
  proposals.floor = floor;
  for (const [slot, bytes] of proposals.kept) {
    if (slot >= floor) continue;
    proposals.kept.delete(slot);
    proposals.keptBytes -= bytes;
  }
}

/** Half of what an acceptor can keep, so that one that hears of the floor late still has room. */
function hasRoom(proposals: Proposals, settings: PaxosSettings): boolean {
  const next = proposals.adopted[0]?.slot ?? proposals.nextSlot;
  return (
    proposals.open.size < settings.windowSlots &&
    proposals.openBytes < settings.windowBytesMax &&
    next < proposals.floor + ACCEPTED_SLOTS_MAX / 2 &&
    proposals.keptBytes < settings.acceptedBytesMax / 2
  );
}

function takePending(
  proposals: Proposals,
  settings: PaxosSettings,
): { slot: Slot; batch: Batch } | undefined {
  const batch = takeBatch(proposals.pending, settings);
  return batch === undefined ? undefined : { slot: proposals.nextSlot++, batch };
}
