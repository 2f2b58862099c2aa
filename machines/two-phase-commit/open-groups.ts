import type { OpenGroup } from './client-messages.ts';
import type { Group } from './group.ts';
import type { Decision } from './presumption.ts';
import type { RequestedTransaction } from './requests.ts';
import type { TwoPhaseCommitSettings } from './settings.ts';
import type { TransactionId } from './transaction-id.ts';
import type { Votes } from './votes.ts';

/**
 * A group at the leader. The coordinator makes it, the group's own leader takes it through the protocol and keeps here
 * how far it is.
 */
export interface LedGroup extends Group {
  /** Its transactions in their order; none for a group of a former life, whose clients do not wait any more. */
  readonly members: readonly RequestedTransaction[];
  readonly votes: Votes;
  /** Set when it is decided. */
  decision: Decision | undefined;
  /** Who has acknowledged the decision. */
  readonly acknowledged: Set<string>;
  /** Who is to learn what it commits, and has no vote. */
  readonly learner: Learner | undefined;
}

/** A node that is being taught. */
export interface Learner {
  readonly node: string;
  /** The id from which on it is told what commits; it names the attempt. */
  readonly attempt: TransactionId;
  /** False when the attempt was given up, or has succeeded: nothing waits for it any more. */
  isActive: boolean;
}

/** The groups that have begun and not ended, in the order of their ids. */
export class OpenGroups {
  readonly #groups = new Map<TransactionId, LedGroup>();
  #next: TransactionId;
  /** The mark that all followers were told last. */
  toldMark: TransactionId;

  /** `next` is the id of the next transaction; where it is the first of all, there is nothing to tell of those before. */
  constructor(next: TransactionId, isFirst = false) {
    this.#next = next;
    this.toldMark = isFirst ? next : 0;
  }

  get size(): number {
    return this.#groups.size;
  }

  hasRoom({ groupsOpenMax }: Pick<TwoPhaseCommitSettings, 'groupsOpenMax'>): boolean {
    return this.#groups.size < groupsOpenMax;
  }

  /** All groups below have ended. */
  get mark(): TransactionId {
    for (const id of this.#groups.keys()) return id;
    return this.#next;
  }

  /** Whether one more, of so many participants, may be voted on beside those that are. */
  mayBegin(_participants: number): boolean {
    return true;
  }

  /** Takes so many ids; the first one. */
  takeIds(count: number): TransactionId {
    const id = this.#next;
    this.#next += count;
    return id;
  }

  add(group: LedGroup): void {
    this.#groups.set(group.id, group);
  }

  /** The id of the next transaction. */
  get next(): TransactionId {
    return this.#next;
  }

  /** Ids go on from there. */
  goOnFrom(next: TransactionId): void {
    this.#next = next;
  }

  /** This one will acknowledge nothing: it has forgotten all that it voted on. */
  excuse(node: string): void {
    for (const { acknowledged } of this.#groups.values()) acknowledged.add(node);
  }

  get(id: TransactionId): LedGroup | undefined {
    return this.#groups.get(id);
  }

  end(id: TransactionId): void {
    this.#groups.delete(id);
  }

  values(): Iterable<LedGroup> {
    return this.#groups.values();
  }

  describe(): OpenGroup[] {
    return Array.from(this.#groups.values(), ({ id, count, participants, votes, decision, acknowledged }) => {
      const heard = decision === undefined ? votes.yes : acknowledged;
      return {
        group: id,
        transactions: count,
        state: decision === undefined ? 'voting' : decision.commits ? 'committing' : 'aborting',
        waitsFor: participants.filter((node) => !heard.has(node)),
      };
    });
  }
}
