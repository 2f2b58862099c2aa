import type { Address } from '../../actors/address.ts';
import type { DoneEvent, PersistedEvent } from '../../actors/effects.ts';
import type { Received } from '../../actors/envelope.ts';
import type { ClientMessage, Request } from './client-messages.ts';
import type { Leadership, ReadConfirmed } from './leader-messages.ts';
import type { Follower, WaitingQuery } from './queries.ts';
import type { ReplicatedState } from './replicated-state.ts';
import type { SnapshotOffer, SnapshotPiece } from './snapshot-messages.ts';

/** Bounds and times of a replica, whatever the protocol that feeds it. */
export interface ReplicaSettings {
  /** What has not been answered is sent again after this. */
  readonly retryMs: number;
  /** Bytes of commands that wait for a leader; more are refused. */
  readonly pendingBytesMax: number;
  /** Applied operations are handed to the store at most this much later... */
  readonly writeBehindMs: number;
  /** ...or as soon as this many bytes wait. */
  readonly writeBehindBytes: number;
  /** Bytes of the log, or of a snapshot, in one message to a node that is behind. */
  readonly catchUpBytesMax: number;
  /** A snapshot that makes no progress for this long is given up, on both sides. */
  readonly snapshotIdleMs: number;
  /** Queries that wait at a replica, at most: for a leader's word, or for news. */
  readonly queriesMax: number;
}

export interface UnconfirmedQuery {
  readonly query: WaitingQuery;
  /** How often {@link ReplicaContext.unconfirmed} has been looked through since. */
  age: number;
}

/** What a replica keeps, whatever the protocol that feeds it. Its collections are changed in place. */
export interface ReplicaContext {
  readonly node: string;
  readonly self: Address;
  readonly settings: ReplicaSettings;
  readonly state: ReplicatedState;
  /** The role beside, and beside other replicas, that is asked to have commands decided and reads confirmed. */
  readonly leaderRole: string;
  /** The node that leads, as the role beside knows it. */
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
  /** Queries that wait for an index to be applied. */
  confirmed: { readonly index: number; readonly query: WaitingQuery }[];
  followers: Follower[];
  /** Nodes that a snapshot is being sent to. */
  readonly sendingTo: Set<string>;
  /** Who sends a snapshot to this replica. */
  snapshotFrom: Address | undefined;
  /** Pieces of snapshots that are not on disk yet. */
  piecesInFlight: number;
}

/** The context of a replica that has just started. */
export function newReplicaContext(
  input: Pick<ReplicaContext, 'node' | 'self' | 'settings' | 'state' | 'leaderRole'>,
): ReplicaContext {
  return {
    ...input,
    leader: undefined,
    clients: new Map(),
    held: new Map(),
    heldBytes: 0,
    passedOn: [[]],
    unconfirmed: new Map(),
    heldQueries: [],
    confirmed: [],
    followers: [],
    sendingTo: new Set(),
    snapshotFrom: undefined,
    piecesInFlight: 0,
  };
}

/** What every replica hears. */
export type ReplicaEvent =
  | Received<ClientMessage | Leadership | ReadConfirmed | SnapshotOffer | SnapshotPiece | PersistedEvent>
  | DoneEvent;

/** What the actions and guards that replicas share are called with: the events of a protocol's replica are more. */
export interface ReplicaArguments {
  readonly context: ReplicaContext;
  readonly event: { readonly type: string };
}

/** @throws Error when an action was bound to another event. */
export function assertReplicaEvent<Type extends ReplicaEvent['type']>(
  event: { readonly type: string },
  type: Type,
): asserts event is Extract<ReplicaEvent, { readonly type: Type }> {
  if (event.type !== type) throw new Error(`an action for "${type}" was bound to "${event.type}"`);
}
