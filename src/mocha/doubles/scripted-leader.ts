import { packGroup } from '../../../machines/two-phase-commit/group.ts';
import type { Transaction } from '../../../machines/two-phase-commit/transaction.ts';
import { encodeTransaction } from '../../../machines/two-phase-commit/transaction-bytes.ts';
import { type TransactionId, transactionId } from '../../../machines/two-phase-commit/transaction-id.ts';
import { Double, type DoubleSurroundings, type HeardMessage } from './double.ts';

/** A group of transactions that a scripted leader takes through the protocol. */
export interface ScriptedGroup {
  readonly id: TransactionId;
  /** Who is told that it votes. */
  readonly participants: readonly number[];
  /** As they travel. */
  readonly transactions: Uint8Array;
}

/** Node 0, played by the test to followers that are real. */
export class ScriptedLeader extends Double {
  #lastNumber = 0;
  /** All groups below have ended, it says. */
  #mark: TransactionId = 0;

  constructor(surroundings: DoubleSurroundings) {
    super(0, surroundings);
  }

  /** Makes a group; nobody hears of it. Its id is above those of all before. */
  group(participants: readonly number[], ...transactions: readonly Partial<Transaction>[]): ScriptedGroup {
    const packed = transactions.map(({ reads = [], conditions = [], writes = [] }) =>
      encodeTransaction({ reads, conditions, writes }),
    );
    const id = transactionId(1, this.#lastNumber + 1);
    this.#lastNumber += transactions.length;
    return { id, participants, transactions: packGroup(packed) };
  }

  /** VOTE-REQ to some followers: all participants, unless others are named. */
  async prepare(
    { id: group, participants, transactions }: ScriptedGroup,
    to: readonly number[] = participants,
  ): Promise<void> {
    const names = participants.map(String);
    const message = { type: 'VOTE-REQ', group, participants: names, transactions, mark: this.#mark } as const;
    for (const node of to) await this.say(this.participantOf(node), message);
  }

  /** COMMIT, but for the transactions at the places `refused`. */
  async commit(
    { id: group, participants }: ScriptedGroup,
    to: readonly number[] = participants,
    refused: readonly number[] = [],
  ): Promise<void> {
    for (const node of to)
      await this.say(this.participantOf(node), { type: 'COMMIT', group, refused, mark: this.#mark });
  }

  /** ABORT. */
  async abort(
    { id: group, participants }: ScriptedGroup,
    to: readonly number[] = participants,
  ): Promise<void> {
    for (const node of to)
      await this.say(this.participantOf(node), { type: 'ABORT', group, mark: this.#mark });
  }

  /** END: all groups up to this one have ended everywhere, and need not be remembered. */
  async end({ id, participants }: ScriptedGroup, to: readonly number[] = participants): Promise<void> {
    this.#mark = Math.max(this.#mark, id + 1);
    for (const node of to) await this.say(this.participantOf(node), { type: 'END', mark: this.#mark });
  }

  /** Answers a follower that asks for a decision: nobody knows it yet. */
  async admitUncertainty({ from, group }: HeardMessage<'DECISION-REQ'>): Promise<void> {
    await this.say(from, { type: 'UNCERTAIN', group });
  }
}
