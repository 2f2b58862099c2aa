/**
 * What it means that the leader knows nothing of a transaction, and so which records and acknowledgements can be spared.
 * See docs/two-phase-commit.md.
 */
export const PRESUMPTIONS = ['nothing', 'abort', 'commit'] as const;
export type Presume = (typeof PRESUMPTIONS)[number];

/** Bounds and times of two-phase commit. */
export interface TwoPhaseCommitSettings {
  /** Which outcome is presumed where nothing is known. */
  readonly presume: Presume;
  /** Whether transactions that can commit side by side share one round of messages and records. */
  readonly groupCommit: boolean;
  /** Whether a transaction that writes nothing is validated at one follower, without a second phase. */
  readonly readOnlyVotes: boolean;
  /** The leader aborts what not all followers have voted on within this. */
  readonly voteTimeoutMs: number;
  /** A follower that has voted and hears no decision for this long asks for it; a leader that is silent for this long, the others, too. */
  readonly decisionTimeoutMs: number;
  /** What has not been answered is sent again after this, and then after ever longer waits... */
  readonly retryMs: number;
  /** ...up to this. */
  readonly retryMsMax: number;
  /** Groups that are being voted on, at most, while transactions gather for the next one; with group commit. */
  readonly groupsInFlightMax: number;
  /** Groups that have begun and not ended, at most; further transactions wait. */
  readonly groupsOpenMax: number;
  /** Transactions of a group, at most. */
  readonly groupTransactionsMax: number;
  /** Bytes of a group, at most, unless one transaction alone is larger. */
  readonly groupBytesMax: number;
  /** Transactions that wait at the leader or are voted on, at most; more are refused. */
  readonly pendingTransactionsMax: number;
  /** The same, in bytes. */
  readonly pendingBytesMax: number;
  /** Sessions that the leader knows, at most; the one unheard of for longest is forgotten first. */
  readonly sessionsMax: number;
  /** Transactions of one session that are under way or whose outcome is remembered, at most; more are refused. */
  readonly sessionTransactionsMax: number;
  /** Reads that wait at a follower, at most; more are refused. */
  readonly readsMax: number;
  /** What is committed is handed to the store at most this much later... */
  readonly writeBehindMs: number;
  /** ...or as soon as this many bytes wait. */
  readonly writeBehindBytes: number;
  /**
   * A node that is being taught is given up when it is silent for this long; commits wait for it no longer than this. It
   * takes longer than `writeBehindMs` and a flush, or nobody ever becomes a follower.
   */
  readonly learnerTimeoutMs: number;
  /** A journal is rid of what nobody needs any more at most this much later, also when nothing else happens. */
  readonly tidyMs: number;
  /** Bytes of the store, or of a journal, in one message. */
  readonly pageBytesMax: number;
}

export const TWO_PHASE_COMMIT_DEFAULTS: TwoPhaseCommitSettings = {
  presume: 'nothing',
  groupCommit: true,
  readOnlyVotes: true,
  voteTimeoutMs: 1000,
  decisionTimeoutMs: 250,
  retryMs: 120,
  retryMsMax: 500,
  groupsInFlightMax: 4,
  groupsOpenMax: 1024,
  groupTransactionsMax: 4096,
  groupBytesMax: 256 * 1024,
  pendingTransactionsMax: 65_536,
  pendingBytesMax: 32 * 1024 * 1024,
  sessionsMax: 65_536,
  sessionTransactionsMax: 65_536,
  readsMax: 65_536,
  writeBehindMs: 20,
  writeBehindBytes: 1024 * 1024,
  learnerTimeoutMs: 2000,
  tidyMs: 20,
  pageBytesMax: 1024 * 1024,
};
