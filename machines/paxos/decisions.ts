import { type Batch, bytesOf } from '../replication/batch.ts';
import { type Ballot, compareBallots } from './ballot.ts';
import type { Pvalue, Slot } from './pvalue.ts';

/** What a replica knows of the slots around the one that it applies next. */
export interface DecisionLog {
  /** Batches that are decided: those that wait for an earlier slot, and the latest of those applied. */
  readonly decided: Map<Slot, Batch>;
  decidedBytes: number;
  /** Pvalues that the acceptor beside has accepted, from the next slot on: most will be decided. */
  readonly accepted: Map<Slot, Pvalue>;
  /** Slots known to be decided in a ballot, whose batch is not here. */
  readonly announced: Map<Slot, Ballot>;
  /** The highest slot that is known to be decided. */
  highest: Slot;
}

export function emptyDecisionLog(highest: Slot): DecisionLog {
  return { decided: new Map(), decidedBytes: 0, accepted: new Map(), announced: new Map(), highest };
}

/** The acceptor beside has accepted a pvalue. */
export function noteAccepted(log: DecisionLog, pvalue: Pvalue, applied: Slot): void {
  // Decided already, it will be applied without this; nobody would ever let go of it.
  if (pvalue.slot <= applied || log.decided.has(pvalue.slot)) return;
  log.accepted.set(pvalue.slot, pvalue);
  const ballot = log.announced.get(pvalue.slot);
  if (ballot !== undefined) noteDecided(log, ballot, pvalue.slot, undefined, applied);
}

/** A slot is decided; without a batch, with what was accepted in that ballot or, the same, in a later one (PMMC, C2). */
export function noteDecided(
  log: DecisionLog,
  ballot: Ballot,
  slot: Slot,
  batch: Batch | undefined,
  applied: Slot,
): void {
  log.highest = Math.max(log.highest, slot);
  if (slot <= applied || log.decided.has(slot)) return;
  const accepted = log.accepted.get(slot);
  const known =
    batch ??
    (accepted !== undefined && compareBallots(accepted.ballot, ballot) >= 0 ? accepted.batch : undefined);
  if (known === undefined) {
    log.announced.set(slot, ballot);
    return;
  }
  keep(log, slot, known);
}

/** Keeps a batch that is known to be decided. */
export function keep(log: DecisionLog, slot: Slot, batch: Batch): void {
  log.highest = Math.max(log.highest, slot);
  log.announced.delete(slot);
  log.accepted.delete(slot);
  if (log.decided.has(slot)) return;
  log.decided.set(slot, batch);
  log.decidedBytes += bytesOf(batch);
}

/** Lets go of the oldest applied batches, beyond `bytesMax`. */
export function prune(log: DecisionLog, applied: Slot, bytesMax: number): void {
  if (log.decidedBytes <= bytesMax) return;
  for (const [slot, batch] of log.decided) {
    if (log.decidedBytes <= bytesMax) return;
    if (slot > applied) continue;
    log.decided.delete(slot);
    log.decidedBytes -= bytesOf(batch);
  }
}

/** Forgets what a snapshot has brought. */
export function skipTo(log: DecisionLog, applied: Slot): void {
  log.highest = Math.max(log.highest, applied);
  for (const [slot, batch] of log.decided) {
    if (slot > applied) continue;
    log.decided.delete(slot);
    log.decidedBytes -= bytesOf(batch);
  }
  for (const slots of [log.accepted, log.announced]) {
    for (const slot of slots.keys()) if (slot <= applied) slots.delete(slot);
  }
}

/** Consecutive decided batches from `first` up to `last`, of about `bytesMax` bytes; none when the first is gone. */
export function decisionsFrom(log: DecisionLog, first: Slot, last: Slot, bytesMax: number): Batch[] {
  const batches: Batch[] = [];
  let bytes = 0;
  for (let slot = first; slot <= last; slot++) {
    const batch = log.decided.get(slot);
    if (batch === undefined) break;
    bytes += bytesOf(batch);
    if (batches.length > 0 && bytes > bytesMax) break;
    batches.push(batch);
  }
  return batches;
}
