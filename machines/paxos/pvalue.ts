import type { Ballot } from './ballot.ts';

/** A position in the sequence of commands; the first is 1. */
export type Slot = number;

/** The commands of one slot: chunks as clients packed them, opaque to acceptors and leaders. Empty: a no-op. */
export type Batch = readonly Uint8Array[];

/** What fills a slot that nothing is known to have been proposed for. */
export const NO_OP: Batch = [];

/** A triple of ballot, slot and command (PMMC, section 2.2); here many commands share a slot. */
export interface Pvalue {
  readonly ballot: Ballot;
  readonly slot: Slot;
  readonly batch: Batch;
}

/** The size of a batch in bytes, with something for each chunk's own cost. */
export function bytesOf(batch: Batch): number {
  let bytes = 64;
  for (const chunk of batch) bytes += chunk.byteLength + 16;
  return bytes;
}

/** How many of `nodes` nodes any two groups of which share a member. */
export function majorityOf(nodes: number): number {
  return Math.floor(nodes / 2) + 1;
}
