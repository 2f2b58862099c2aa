import type { AbortReason } from './client-messages.ts';
import type { Refusals } from './messages.ts';
import { ABORTED, type Decision } from './presumption.ts';

/** What the participants of a group have said so far. Its collections are changed in place. */
export interface Votes {
  /** Who has voted yes, on some of the group at least. */
  readonly yes: Set<string>;
  /** Transactions that somebody refuses, by place. */
  readonly refused: Map<number, AbortReason>;
}

export function noVotes(): Votes {
  return { yes: new Set(), refused: new Map() };
}

export function countVote({ yes, refused }: Votes, node: string, refusals: Refusals): void {
  if (yes.has(node)) return;
  yes.add(node);
  noteRefusals(refused, refusals);
}

/** Of two reasons the first stands. */
export function noteRefusals(refused: Map<number, AbortReason>, refusals: Refusals): void {
  for (const [place, reason] of refusals) if (!refused.has(place)) refused.set(place, reason);
}

/** The decision once all have voted. Any no on a transaction aborts it. */
export function decisionOf({ refused }: Votes, count: number): Decision {
  if (refused.size >= count) return ABORTED;
  return { commits: true, refused: [...refused.keys()].sort((a, b) => a - b) };
}
