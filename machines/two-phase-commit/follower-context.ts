import type { Address } from '../../actors/address.ts';
import type { Received } from '../../actors/envelope.ts';
import type { Membership } from './follower-records.ts';
import type { Group } from './group.ts';
import type { GroupJournal } from './journal.ts';
import type { LockOwner, LockTable } from './locks.ts';
import type { FollowerMessage, HandedBallot, Refusals } from './messages.ts';
import type { Decision } from './presumption.ts';
import type { TwoPhaseCommitSettings } from './settings.ts';
import type { VersionedStore } from './store.ts';
import type { Transaction } from './transaction.ts';
import type { TransactionId } from './transaction-id.ts';

/** Who has keys at a follower, or waits for them: a group, or a read. */
export interface KeyHolder extends LockOwner {
  /** Who is told, by {@link Granted}, that it has them all. */
  readonly address: Address;
  readonly ticket: number;
}

/** What the groups of a follower share with one another and with the participant. */
export interface Ground {
  readonly node: string;
  /** The node that leads, or was the last to be heard to. */
  leader: string;
  readonly settings: TwoPhaseCommitSettings;
  readonly journal: GroupJournal;
  readonly store: VersionedStore;
  readonly locks: LockTable<KeyHolder>;
  membership: Membership;
  /** The highest low-water mark that was heard of. */
  mark: TransactionId;
  /** What the next vote is to be like, by order of a test or a script. */
  readonly orders: { votesNo: boolean; delayMs: number | undefined };
}

/** A group at a follower; its own actor keeps here how far it is. */
export interface FollowedGroup extends Group {
  readonly contents: readonly Transaction[];
  readonly holder: KeyHolder;
  /** How it has voted; undefined: it has not. */
  vote: Refusals | undefined;
  /** How often it has asked for the decision since it last heard that the leader is at it. */
  rounds: number;
  /** With a replicated coordinator: where its vote is put down; undefined: it was asked in a former life. */
  ballot?: HandedBallot | undefined;
}

export interface FollowerInput {
  readonly ground: Ground;
  readonly group: FollowedGroup;
}

export interface FollowerContext extends FollowerInput {
  /** It is to vote no; and so much later than it could. */
  readonly votesNo: boolean;
  readonly delayMs: number | undefined;
  decision: Decision | undefined;
}

/** How a group ended at a follower. */
export interface FollowerOutcome {
  readonly group: TransactionId;
  /** Undefined: nobody remembers, and nothing hangs on it. */
  readonly decision: Decision | undefined;
  readonly vote: Refusals | undefined;
  /** It has changed the store. */
  readonly hasWritten: boolean;
}

export type FollowerEvent = Received<FollowerMessage>;
export interface Arguments {
  readonly context: FollowerContext;
  readonly event: FollowerEvent;
}
export type OnlyContext = Pick<Arguments, 'context'>;
