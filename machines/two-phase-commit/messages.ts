import type { Address } from '../../actors/address.ts';
import type { Ballot } from '../paxos/ballot.ts';
import type { Slot } from '../paxos/pvalue.ts';
import type { AbortReason } from './client-messages.ts';
import type { Value } from './transaction.ts';
import type { TransactionId } from './transaction-id.ts';

// Between the leader and the followers. What goes through the protocol is a group of transactions, known by the id of
// its first; each of them is voted on and decided by itself. `mark` is the leader's low-water mark: all groups below it
// have ended.

/** Places of transactions in their group that cannot commit, and why. */
export type Refusals = readonly (readonly [place: number, reason: AbortReason])[];

/**
 * The right to propose in a ballot: each participant in a slot of its own, from `firstSlot` on in their order, its vote
 * and nothing else. `origins` tells whose transactions they are.
 */
export type HandedBallot = {
  readonly ballot: Ballot;
  readonly firstSlot: Slot;
  readonly origins: Uint8Array;
};

/** Can you commit these? (PREPARE) `transactions` is as `packGroup` gives it. */
export type VoteReq = {
  readonly type: 'VOTE-REQ';
  readonly group: TransactionId;
  /** All who are asked: whoever votes yes may have to ask the others for the decision. */
  readonly participants: readonly string[];
  readonly transactions: Uint8Array;
  readonly mark: TransactionId;
  /** With a replicated coordinator: where the votes are put down. */
  readonly ballot?: HandedBallot;
  /**
   * They write nothing: do they agree with what is committed? One follower is asked, once it has answered it is all
   * over, and `group` is the number of the question.
   */
  readonly readOnly?: true;
};
/** I can, and will if you say so, all but the refused ones; this is on disk. */
export type VoteYes = {
  readonly type: 'VOTE-YES';
  readonly group: TransactionId;
  readonly refused: Refusals;
};
/** I can commit none of them, and have aborted. */
export type VoteNo = { readonly type: 'VOTE-NO'; readonly group: TransactionId; readonly refused: Refusals };

/** All have voted: these happen, but for those at the places `refused`. */
export type CommitGroup = {
  readonly type: 'COMMIT';
  readonly group: TransactionId;
  readonly refused: readonly number[];
  readonly mark: TransactionId;
};
/** None of them happens. (ROLLBACK) */
export type AbortGroup = {
  readonly type: 'ABORT';
  readonly group: TransactionId;
  readonly mark: TransactionId;
};
/** The decision is on my disk; I shall not ask for it. */
export type Ack = { readonly type: 'ACK'; readonly group: TransactionId };

/** I voted yes, and have not heard how it ended. To the leader, then to the other participants. */
export type DecisionReq = { readonly type: 'DECISION-REQ'; readonly group: TransactionId };
/** Neither do I know. */
export type Uncertain = { readonly type: 'UNCERTAIN'; readonly group: TransactionId };

/** All groups below `mark` have ended: nobody will ask for them again. So has `group`, where it is given. */
export type End = { readonly type: 'END'; readonly mark: TransactionId; readonly group?: TransactionId };
/** I keep decisions that may have ended: where is the mark? */
export type EndReq = { readonly type: 'END-REQ' };

/** They did agree at one moment, all but the refused ones; I take no part in what follows, for nothing does. */
export type VoteRead = { readonly type: 'VOTE-READ'; readonly group: number; readonly refused: Refusals };

// Between the leader, a node that is to become a follower, and followers that have the store.

/**
 * I am new here, or have forgotten everything: teach me. The token is that of the last challenge, 0 for none; the nonce
 * is of this life.
 */
export type AskToJoin = { readonly type: 'askToJoin'; readonly token: number; readonly nonce: number };
/**
 * Say that again with this. A follower that says it has forgotten is taken from those who vote: the word must not be one
 * that was held up on its way since it had.
 */
export type Challenge = { readonly type: 'challenge'; readonly token: number };
/** Fetch the store from one of the sources; what commits from now on, from the id `attempt` on, you are told. */
export type Teach = {
  readonly type: 'teach';
  readonly nonce: number;
  readonly attempt: TransactionId;
  readonly sources: readonly string[];
};
/** This has been committed, but for those at the places `refused`. It is acknowledged by ACK. */
export type Learn = {
  readonly type: 'learn';
  readonly group: TransactionId;
  readonly transactions: Uint8Array;
  readonly refused: readonly number[];
};
/** I am at it; or have all that was committed before, and all that I was told. */
export type Learning = {
  readonly type: 'learning';
  readonly attempt: TransactionId;
  readonly hasCaughtUp: boolean;
};
/** Which records do you have, from that key on, once you have all from before `attempt`? */
export type Fetch = { readonly type: 'fetch'; readonly attempt: TransactionId; readonly start: string };
/** These; `next`: the first key that is not here; null at the end. */
export type Fetched = {
  readonly type: 'fetched';
  readonly attempt: TransactionId;
  readonly start: string;
  readonly entries: readonly (readonly [key: string, version: TransactionId, value: Value])[];
  readonly next: string | null;
};
/** Nothing is under way, and nothing begins until you have all on disk. You vote on what has an id from `first` on. */
export type Invite = {
  readonly type: 'invite';
  readonly attempt: TransactionId;
  readonly first: TransactionId;
};
/** I have. */
export type Joined = { readonly type: 'joined'; readonly attempt: TransactionId };
/** You are a follower, by that attempt. */
export type Welcome = { readonly type: 'welcome'; readonly attempt: TransactionId };

// Within a node.

/** From the leader of a group to the coordinator beside: it is decided, and its clients are told. */
export type Decided = { readonly type: 'decided'; readonly group: TransactionId };
/** To the leader of a group, or to a follower: that one wants to know the decision. */
export type Asked = { readonly type: 'asked'; readonly asker: Address };
/** To one who waits for keys: it has them all. */
export type Granted = { readonly type: 'granted'; readonly ticket: number };
/** A coordinator's note to itself: gather what else this turn brings, then begin groups. */
export type BeginGroups = { readonly type: 'beginGroups' };

/** To the newcomer beside: some of what it has put into the store is on disk. */
export type Stored = { readonly type: 'stored' };
/** From the newcomer: something new is in the store. */
export type Taught = { readonly type: 'taught' };

/** What the leader of a group hears. */
export type LeaderMessage = VoteYes | VoteNo | Ack | Asked;
/** What one hears who has read-only transactions validated. */
export type ValidatorMessage = VoteRead;
/** What a follower hears of its group. */
export type FollowerMessage = VoteReq | CommitGroup | AbortGroup | Uncertain | End | Asked | Granted;
/** What the coordinator hears from followers, and from the leaders beside. */
export type CoordinatorMessage = DecisionReq | EndReq | Decided | BeginGroups | AskToJoin | Learning | Joined;
/** What a node hears that is to become a follower. */
export type NewcomerMessage = Challenge | Teach | Learn | Fetched | Invite | Welcome | Stored;
/** What a participant hears from the leader, and from followers elsewhere and beside. */
export type ParticipantMessage =
  | VoteReq
  | CommitGroup
  | AbortGroup
  | DecisionReq
  | End
  | Fetch
  | Granted
  | Taught;
