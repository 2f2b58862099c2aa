import { type Address, addressOf } from '../../actors/address.ts';
import type { DoneEvent, PersistedEvent } from '../../actors/effects.ts';
import type { Received } from '../../actors/envelope.ts';
import type { Request } from '../replication/client-messages.ts';
import type { Follower, WaitingQuery } from '../replication/queries.ts';
import type { ReplicatedState } from '../replication/replicated-state.ts';
import type { DecisionLog } from './decisions.ts';
import type { Progress, ReplicaMessage } from './messages.ts';
import type { Slot } from './pvalue.ts';
import type { PaxosSettings } from './settings.ts';

export interface ReplicaInput {
  readonly node: string;
  readonly nodes: readonly string[];
  readonly settings: PaxosSettings;
  readonly state: ReplicatedState;
}

export interface UnconfirmedQuery {
  readonly query: WaitingQuery;
  /** How often this replica has told its progress since. */
  age: number;
}

export interface ReplicaContext extends ReplicaInput {
  readonly self: Address;
  readonly log: DecisionLog;
  /** How far the other replicas said that they are. */
  readonly peers: Map<string, Pick<Progress, 'applied' | 'durable'>>;
  /** Those that said so since this replica started. */
  readonly heard: Set<string>;
  /** Those that did since this replica last told its own progress. */
  readonly heardLately: Set<string>;
  /** Slots below are applied durably by a majority. */
  floor: Slot;
  /** The node that leads, as the leader beside knows it. */
  leader: string | undefined;
  /** Where the answers go: by session, or by the nonce of its opening. */
  readonly clients: Map<number | string, Address>;
  /** Requests that wait for a leader to be known, by session or nonce. */
  held: Map<number | string, Request[]>;
  heldBytes: number;
  /**
   * Requests passed on to another node lately, the latest list first: should its leader have died, they are for the
   * next one.
   */
  passedOn: Request[][];
  /**
   * Linearizable queries that wait for the leader's word, by a ticket that no other query ever has: word that comes
   * late, even from before a restart, is then still of this very query.
   */
  readonly unconfirmed: Map<string, UnconfirmedQuery>;
  /** Queries that may be stale, but not as stale as this replica before it has caught up. */
  heldQueries: WaitingQuery[];
  /** Queries that wait for a slot to be applied. */
  confirmed: { readonly slot: Slot; readonly query: WaitingQuery }[];
  followers: Follower[];
  /** Nodes that a snapshot is being sent to. */
  readonly sendingTo: Set<string>;
  /** The node that was last asked for decisions. */
  askedLast: string | undefined;
  /** Who sends a snapshot to this replica. */
  snapshotFrom: Address | undefined;
  /** Pieces of snapshots that are not on disk yet. */
  piecesInFlight: number;
}

export type ReplicaEvent = Received<ReplicaMessage> | Received<PersistedEvent> | DoneEvent;
export interface Arguments {
  readonly context: ReplicaContext;
  readonly event: ReplicaEvent;
}
export type OnlyContext = Pick<Arguments, 'context'>;

/** Whether decisions are known, or known to be applied elsewhere, that this replica has not applied. */
export function isBehind({ log, state, peers }: ReplicaContext): boolean {
  if (log.highest > state.applied) return true;
  for (const { applied } of peers.values()) if (applied > state.applied) return true;
  return false;
}

/** The other nodes' replicas. */
export function otherReplicas({ node, nodes }: ReplicaContext): Address[] {
  return nodes.filter((other) => other !== node).map((other) => addressOf(other, 'replica'));
}
