import type { Slot } from '../paxos/pvalue.ts';
import type { Batch } from '../replication/batch.ts';
import type { Refusals } from '../two-phase-commit/messages.ts';
import type { TransactionId } from '../two-phase-commit/transaction-id.ts';
import { decodeVote, type Vote } from './vote.ts';

/** A group as the chosen votes on it tell of it. */
export interface RecoveredGroup extends Omit<Vote, 'refused'> {
  /** Who has voted. Who has not never will, in any ballot. */
  readonly votes: ReadonlyMap<string, Refusals>;
}

/** The groups that slots tell of whose values are chosen, in the order of their ids. */
export function recoveredGroups(chosen: ReadonlyMap<Slot, Batch>): RecoveredGroup[] {
  const groups = new Map<TransactionId, RecoveredGroup & { readonly votes: Map<string, Refusals> }>();
  for (const [slot, batch] of chosen) {
    const vote = decodeVote(batch);
    if (vote === undefined) continue;
    const { refused, ...about } = vote;
    const group = groups.get(vote.group) ?? { ...about, votes: new Map() };
    group.votes.set(vote.participants[slot - vote.firstSlot]!, refused);
    groups.set(vote.group, group);
  }
  return [...groups.values()].sort((a, b) => a.group - b.group);
}
