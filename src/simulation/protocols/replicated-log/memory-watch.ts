import type { ReplicaContext } from '../../../../machines/replication/replica-context.ts';
import type { Instrument } from '../../watch/instrumented-program.ts';

/** Someone has come to lead: in this round of ballots, or this term. */
export interface Reign {
  readonly number: number;
  readonly leader: string;
}

/** Looks into the contexts of the roles of all nodes: what they keep, and how often the leader has changed. */
export interface MemoryWatch {
  readonly instrument: Instrument;
  readonly replicas: ReadonlyMap<string, ReplicaContext>;
  /** In their order. */
  readonly reigns: readonly Reign[];
  /** Snapshots that were put in force, by node. */
  readonly snapshots: readonly string[];
  /** How many nodes were looked into. */
  readonly watched: number;
  /** Whether a node is counted on, or was when it ran last: it has lost no memory, or has its vote again. */
  hasVote(node: string): boolean;
  /** Groups of which each decides by majority, or may come to; undefined: all nodes are one, always. */
  quorums?(nodes: readonly string[]): readonly (readonly string[])[];
  /** How many reads wait at a leader. */
  readsAt(node: string): number;
  /** The highest ballot round or term of these nodes, in which nobody may lead yet. */
  highestTerm(nodes: readonly string[]): number;
  /** What an idle cluster may not keep: for each node, the names of what it keeps, with how much. */
  leftovers(): Record<string, number>;
}
