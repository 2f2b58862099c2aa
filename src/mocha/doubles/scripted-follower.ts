import { addressOf } from '../../../actors/address.ts';
import { COORDINATOR } from '../../../machines/two-phase-commit/client-messages.ts';
import { unpackGroup } from '../../../machines/two-phase-commit/group.ts';
import type { Refusals } from '../../../machines/two-phase-commit/messages.ts';
import type { Transaction } from '../../../machines/two-phase-commit/transaction.ts';
import type { TransactionId } from '../../../machines/two-phase-commit/transaction-id.ts';
import { Double, type HeardMessage } from './double.ts';

/** A follower that is played by the test, to a leader and other followers that are real. It is silent until it is told. */
export class ScriptedFollower extends Double {
  /** From now on it votes yes and acknowledges by itself; with `false` it is silent again. */
  async behaveWell(well = true): Promise<void> {
    await this.behave(well);
  }

  /** VOTE-YES to all transactions of the group, but for those refused at their places. */
  async voteYes(request: HeardMessage<'VOTE-REQ'>, refused: Refusals = []): Promise<void> {
    const { group, from } = request;
    if (request.readOnly === true) await this.say(from, { type: 'VOTE-READ', group, refused });
    else await this.say(this.leaderOf(group), { type: 'VOTE-YES', group, refused });
  }

  /** VOTE-NO. */
  async voteNo({ group, transactions }: HeardMessage<'VOTE-REQ'>): Promise<void> {
    const refused = unpackGroup(transactions).map((_, place) => [place, 'vote'] as const);
    await this.say(this.leaderOf(group), { type: 'VOTE-NO', group, refused });
  }

  /** ACK of a decision. */
  async acknowledge({ group }: HeardMessage<'COMMIT' | 'ABORT'>): Promise<void> {
    await this.say(this.leaderOf(group), { type: 'ACK', group });
  }

  /** DECISION-REQ to another node. */
  async askDecision(group: TransactionId, node = 0): Promise<void> {
    const to = node === 0 ? addressOf('0', COORDINATOR) : this.participantOf(node);
    await this.say(to, { type: 'DECISION-REQ', group });
  }

  /** Answers a follower that asks for a decision. */
  async answer(
    { from, group }: HeardMessage<'DECISION-REQ'>,
    decision: 'COMMIT' | 'ABORT' | 'UNCERTAIN',
  ): Promise<void> {
    if (decision === 'COMMIT') await this.say(from, { type: 'COMMIT', group, refused: [], mark: 0 });
    else if (decision === 'ABORT') await this.say(from, { type: 'ABORT', group, mark: 0 });
    else await this.say(from, { type: 'UNCERTAIN', group });
  }
}

/** The transactions that a vote is asked on. */
export function transactionsOf({ transactions }: HeardMessage<'VOTE-REQ'>): Transaction[] {
  return unpackGroup(transactions);
}
