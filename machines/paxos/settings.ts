/** Bounds and times of Multi-Paxos. */
export interface PaxosSettings {
  /** An active leader tells the others so this often. */
  readonly heartbeatMs: number;
  /** A leader that has been silent for this long is no longer trusted. */
  readonly electionTimeoutMs: number;
  /** After that, a node waits up to this long, by chance, before it asks to lead; times the back-off. */
  readonly electionSpreadMs: number;
  /** What has not been answered is sent again after this. */
  readonly retryMs: number;
  /** Slots proposed and not yet decided, at most: PMMC's WINDOW. */
  readonly windowSlots: number;
  /** Bytes of the commands in one slot, unless one chunk alone is larger. */
  readonly slotBytesMax: number;
  /** Bytes proposed and not yet decided, at most, unless one slot alone is larger. */
  readonly windowBytesMax: number;
  /** Bytes of commands that wait at the leader for a slot; more are refused. */
  readonly pendingBytesMax: number;
  /** Bytes that an acceptor keeps: accepted, and not yet applied durably by a majority. */
  readonly acceptedBytesMax: number;
  /** Applied operations are handed to the store at most this much later... */
  readonly writeBehindMs: number;
  /** ...or as soon as this many bytes wait. */
  readonly writeBehindBytes: number;
  /** Replicas tell one another this often how far they are. */
  readonly progressMs: number;
  /** A replica that knows of decisions that it lacks asks for them after this. */
  readonly lagMs: number;
  /** Bytes of decisions, or of a snapshot, in one message. */
  readonly catchUpBytesMax: number;
  /** Decisions that a replica keeps for others that are behind, in bytes. */
  readonly decisionBytesMax: number;
  /** A snapshot that makes no progress for this long is given up, on both sides. */
  readonly snapshotIdleMs: number;
  /** Queries that wait at a replica, at most: for a leader's word, or for news. */
  readonly queriesMax: number;
}

export const PAXOS_DEFAULTS: PaxosSettings = {
  heartbeatMs: 15,
  electionTimeoutMs: 90,
  electionSpreadMs: 40,
  retryMs: 60,
  windowSlots: 64,
  slotBytesMax: 256 * 1024,
  windowBytesMax: 8 * 1024 * 1024,
  pendingBytesMax: 32 * 1024 * 1024,
  acceptedBytesMax: 96 * 1024 * 1024,
  writeBehindMs: 20,
  writeBehindBytes: 1024 * 1024,
  progressMs: 40,
  lagMs: 20,
  catchUpBytesMax: 1024 * 1024,
  decisionBytesMax: 16 * 1024 * 1024,
  snapshotIdleMs: 2000,
  queriesMax: 65_536,
};
