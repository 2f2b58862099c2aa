import type { Value, Write } from './transaction.ts';
import type { TransactionId } from './transaction-id.ts';

// What clients, and those who run a cluster, say to the nodes of two-phase commit, and hear.
//
// A client talks to the role `coordinator` of the leader (the first node) about commits, and to the role `participant`
// of any follower about reads. It numbers what it asks for, and sends it again until it is answered: nothing that is
// said twice is done twice. `refused` (of the runtime) in place of an answer: there is no room, send it again later.

/** Who a client asks to commit, at the leader. */
export const COORDINATOR = 'coordinator';
/** Who a client asks for values, at a follower. */
export const PARTICIPANT = 'participant';

// To the coordinator.

/** Opens a session. The answer carries the same nonce, which no other opening has. */
export type Open = { readonly type: 'open'; readonly nonce: string };
/**
 * The session's number, in all the lives of the leader. It ends with this life: what was asked for in it and is asked
 * for again in the next one is answered `unknown`.
 */
export type Opened = {
  readonly type: 'opened';
  readonly nonce: string;
  readonly session: number;
  readonly life: number;
};

/**
 * Commit these, each as `encodeTransaction` gives it; they are the session's transactions `first`, `first + 1`, ... (its
 * very first is 1) and each is carried out once, on its own, in whatever order. The client has heard the outcome of
 * all below `below`: these need not be remembered.
 */
export type Commit = {
  readonly type: 'commit';
  readonly session: number;
  readonly first: number;
  readonly below: number;
  readonly transactions: readonly Uint8Array[];
};
/** Outcomes of some of a session's transactions, in any order and number. */
export type Outcomes = {
  readonly type: 'outcomes';
  readonly session: number;
  readonly outcomes: readonly Outcome[];
};
/**
 * What became of a transaction.
 *
 * - `committed`: it is on the leader's disk that all of it happened. The id is the version of all that it wrote; 0 for one
 *   that wrote nothing.
 * - `aborted`: nothing of it happened, nor will.
 * - `unknown`: the session is of an earlier life of the leader, or forgotten: it may have happened; it will not happen yet
 *   unless it has.
 */
export type Outcome =
  | readonly [number: number, outcome: 'committed', id: TransactionId]
  | readonly [number: number, outcome: 'aborted', reason: AbortReason]
  | readonly [number: number, outcome: 'unknown'];

/**
 * Why a transaction was aborted.
 *
 * - `condition`: a condition did not hold.
 * - `conflict`: something that it read has been written since; done again, it may succeed.
 * - `vote`: a follower voted no, for it was told to, or because somebody asked it for the decision before it had voted.
 * - `timeout`: a follower did not vote within `voteTimeoutMs`.
 * - `malformed`: it is no transaction, or is over a limit.
 */
export type AbortReason = 'condition' | 'conflict' | 'vote' | 'timeout' | 'malformed';

// To a participant.

/** The values of these keys, all as of one moment; 1 to `READ_KEYS_MAX` keys. It waits for what is undecided. */
export type Read = { readonly type: 'read'; readonly id: number; readonly keys: readonly string[] };
/** What each key has, in the order asked: its version and value; `[0, null]`: none. */
export type Values = {
  readonly type: 'values';
  readonly id: number;
  readonly values: readonly (readonly [version: TransactionId, value: Value | null])[];
};
/** This follower does not hold the whole store yet: ask another. */
export type Unavailable = { readonly type: 'unavailable'; readonly id: number };

/** Keys in one {@link Read}, at most. */
export const READ_KEYS_MAX = 4096;

/**
 * Entries in order of keys (by their UTF-8 bytes), from `start` on (included), as they are committed at this follower
 * now; waits for nothing. For those who look, not for transactions.
 */
export type Scan = { readonly type: 'scan'; readonly id: number; readonly start: string };
/** `next`: the first key that is not here; null at the end. */
export type Page = {
  readonly type: 'page';
  readonly id: number;
  readonly entries: readonly (readonly [key: string, value: Value])[];
  readonly next: string | null;
};

// To both, for those who run the cluster or look into it. All answers carry the same id.

export type StatusRequest = { readonly type: 'status'; readonly id: number };

/** How the leader is. All that is `open` or `pending` becomes nothing once all followers live and are heard. */
export type CoordinatorStatus = {
  readonly type: 'coordinatorStatus';
  readonly id: number;
  readonly life: number;
  /** Who votes. A node that is added, or has lost its memory, asks by itself to become one of them. */
  readonly followers: readonly string[];
  /** Who is being taught what is committed, and does not vote yet: one at a time. */
  readonly learner: string | undefined;
  /** Groups that have begun and not ended, by id. */
  readonly open: readonly OpenGroup[];
  /** Transactions that were asked for and are not decided. */
  readonly pending: number;
  /** Records in the journal. */
  readonly records: number;
  /** All groups below have ended... */
  readonly mark: TransactionId;
  /** ...and what was recorded of groups that have ended is off the disk, and the followers were told the mark. */
  readonly isTidy: boolean;
};
/** A group at the leader, and the followers whose votes or acknowledgements it waits for. */
export type OpenGroup = {
  readonly group: TransactionId;
  readonly transactions: number;
  readonly state: 'voting' | 'committing' | 'aborting';
  readonly waitsFor: readonly string[];
};

/** How a follower is. */
export type ParticipantStatus = {
  readonly type: 'participantStatus';
  readonly id: number;
  /** It holds the whole store, and votes. */
  readonly isMember: boolean;
  /** Groups that are not decided here, by id. */
  readonly undecided: readonly UndecidedGroup[];
  /** Records in the journal. */
  readonly records: number;
  /** All that is committed here is on disk in the store. */
  readonly isDurable: boolean;
  /** Reads that wait for a decision. */
  readonly reads: number;
  /** It has heard that all groups below have ended... */
  readonly mark: TransactionId;
  /** ...and what it has no use for any more is off the disk. */
  readonly isTidy: boolean;
};
/** A group at a follower. */
export type UndecidedGroup = {
  readonly group: TransactionId;
  readonly transactions: number;
  /** `init`: it has not voted; `ready`: it has, and cannot go back. */
  readonly state: 'init' | 'ready';
  /**
   * How often it has asked for the decision, the leader first, then all, since the leader last said that it is at it.
   */
  readonly rounds: number;
  /** The other followers that may know the decision. */
  readonly others: readonly string[];
};

/** The records of the node's journal from one group on (0: from the first), as they are on disk. */
export type JournalRequest = { readonly type: 'journal'; readonly id: number; readonly start: TransactionId };
/** `next`: the first group that is not here; null at the end. */
export type JournalPage = {
  readonly type: 'journalPage';
  readonly id: number;
  readonly records: readonly RecordLine[];
  readonly next: TransactionId | null;
};
/** A transaction in a record of a journal; what it writes, where the record has it. */
export type RecordLine = {
  readonly transaction: TransactionId;
  readonly record: RecordKind;
  readonly writes: readonly Write[];
};
/** The leader's are BEGIN, COMMIT, ABORT; a follower's READY (the redo), COMMIT, ABORT. */
export type RecordKind = 'BEGIN' | 'READY' | 'COMMIT' | 'ABORT';

// Faults, to a participant. `noted` says that it was heard.

/** Vote no on the next group that you are asked about. */
export type VoteNoNext = { readonly type: 'voteNo'; readonly id: number };
/** Vote on the next group so much later than you could. */
export type DelayVoteNext = { readonly type: 'delayVote'; readonly id: number; readonly ms: number };
export type Noted = { readonly type: 'noted'; readonly id: number };

/** What the coordinator hears from outside. */
export type CoordinatorRequest = Open | Commit | StatusRequest | JournalRequest;
/** What a participant hears from outside. */
export type ParticipantRequest = Read | Scan | StatusRequest | JournalRequest | VoteNoNext | DelayVoteNext;
