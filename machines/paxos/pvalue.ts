import type { Batch } from '../replication/batch.ts';
import type { Ballot } from './ballot.ts';

/** A position in the sequence of commands; the first is 1. */
export type Slot = number;

/** A triple of ballot, slot and command (PMMC, section 2.2); here many commands share a slot. */
export interface Pvalue {
  readonly ballot: Ballot;
  readonly slot: Slot;
  readonly batch: Batch;
}
