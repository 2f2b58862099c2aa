import type { PendingSettings } from '../replication/pending.ts';
import type { ReplicaSettings } from '../replication/replica-context.ts';

/** Bounds and times of Multi-Paxos. */
export interface PaxosSettings extends ReplicaSettings, PendingSettings {
  /** An active leader tells the others so this often. */
  readonly heartbeatMs: number;
  /** A leader that has been silent for this long is no longer trusted. */
  readonly electionTimeoutMs: number;
  /** After that, a node waits up to this long, by chance, before it asks to lead; times the back-off. */
  readonly electionSpreadMs: number;
  /** Slots proposed and not yet decided, at most: PMMC's WINDOW. */
  readonly windowSlots: number;
  /** Bytes proposed and not yet decided, at most, unless one slot alone is larger. */
  readonly windowBytesMax: number;
  /** Bytes that an acceptor keeps: accepted, and not yet applied durably by a majority. */
  readonly acceptedBytesMax: number;
  /** Replicas tell one another this often how far they are. */
  readonly progressMs: number;
  /** A replica that knows of decisions that it lacks asks for them after this. */
  readonly lagMs: number;
  /** Decisions that a replica keeps for others that are behind, in bytes. */
  readonly decisionBytesMax: number;
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
