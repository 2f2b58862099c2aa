import type { PendingSettings } from '../replication/pending.ts';
import type { ReplicaSettings } from '../replication/replica-context.ts';

/** Bounds and times of Raft. */
export interface RaftSettings extends ReplicaSettings, PendingSettings {
  /** A leader tells the others that it leads this often. */
  readonly heartbeatMs: number;
  /** A leader that has been silent for this long is no longer trusted; before, nobody votes for another. */
  readonly electionTimeoutMs: number;
  /** After that, a server waits up to this long, by chance, before it stands for election. */
  readonly electionSpreadMs: number;
  /** A leader that has not heard a majority for this long steps down. */
  readonly quorumTimeoutMs: number;
  /** Entries sent to one follower and not yet acknowledged, at most: messages, and bytes, unless one alone is larger. */
  readonly inFlightMessagesMax: number;
  readonly inFlightBytesMax: number;
  /** Entries that are not committed yet, at most. */
  readonly uncommittedMax: number;
  /** Bytes that a log keeps: applied durably by this server or not. */
  readonly logBytesMax: number;
  /** Bytes of entries kept, though applied durably, for servers that are behind: further back they get a snapshot. */
  readonly logKeptBytes: number;
  /**
   * How a leader makes sure that it still leads before a linearizable read: by asking a majority (`readIndex`), or by
   * trusting what a majority said less than `leaseMs` ago (`lease`). A lease is safe only while no server's clock runs
   * faster than the leader's by more than `electionTimeoutMs / leaseMs`.
   */
  readonly reads: 'readIndex' | 'lease';
  readonly leaseMs: number;
}

export const RAFT_DEFAULTS: RaftSettings = {
  heartbeatMs: 15,
  electionTimeoutMs: 90,
  electionSpreadMs: 60,
  quorumTimeoutMs: 200,
  retryMs: 60,
  inFlightMessagesMax: 64,
  inFlightBytesMax: 8 * 1024 * 1024,
  uncommittedMax: 256,
  slotBytesMax: 256 * 1024,
  pendingBytesMax: 32 * 1024 * 1024,
  logBytesMax: 96 * 1024 * 1024,
  logKeptBytes: 16 * 1024 * 1024,
  reads: 'readIndex',
  leaseMs: 60,
  writeBehindMs: 20,
  writeBehindBytes: 1024 * 1024,
  catchUpBytesMax: 1024 * 1024,
  snapshotIdleMs: 2000,
  queriesMax: 65_536,
};
