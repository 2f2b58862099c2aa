import type { Address } from '../../actors/address.ts';
import { type DoneEvent, type Effect, type PersistedEvent, persist, send } from '../../actors/effects.ts';
import type { Received } from '../../actors/envelope.ts';
import type { JournalWrite } from '../../actors/journal.ts';
import type { Random } from '../../actors/random.ts';
import { Attachments } from './attachments.ts';
import type { ClientMessage } from './client-messages.ts';
import { UnknownMemberError } from './errors.ts';
import { Held, type Ranges } from './held.ts';
import {
  type Entries,
  type Gather,
  type KnownMembers,
  type Meet,
  type PeerMessage,
  type Post,
  type Receipt,
  replicaOf,
  routerOf,
  type Topology,
} from './messages.ts';
import { serverOf } from './origin.ts';
import { Peer } from './peer.ts';
import { membersRecord } from './records.ts';
import type { ServerState } from './server-state.ts';
import type { Session } from './session.ts';
import type { EventualSettings } from './settings.ts';
import { Stability } from './stability.ts';
import type { VectorClock } from './vector-clock.ts';
import type { LoggedRun } from './write-log.ts';

export interface ReplicaInput {
  readonly server: number;
  readonly settings: EventualSettings;
  readonly random: Random;
  readonly state: ServerState;
  readonly members: readonly number[];
  /** It has no memory of what its writes must follow, and there are others who may know. */
  readonly isIgnorant: boolean;
  /** What must be written before all else: who it is, if it did not know. */
  readonly introduction: readonly JournalWrite[];
}

/** Writes of a client that wait for the end of the turn. */
export interface WaitingWrite {
  readonly client: Address;
  readonly attachment: string;
  readonly number: number;
  readonly session: Session;
  readonly operations: Uint8Array;
}

/** What this server gets from another one, because it lacked it. */
export interface Sync {
  readonly from: number;
  /** Tells it from others of this server. */
  readonly number: number;
  /** The piece that comes next. */
  piece: number;
  /** How often that was asked for. */
  asked: number;
  /** The writes whose versions have come. */
  readonly received: Held;
}

export interface ReplicaContext {
  readonly server: number;
  readonly self: Address;
  readonly settings: EventualSettings;
  readonly random: Random;
  readonly state: ServerState;
  readonly introduction: readonly JournalWrite[];
  isIgnorant: boolean;
  /** While it is: those that have said that they know of nothing, either. */
  readonly equallyIgnorant: Set<number>;
  /** All members that it knows of, itself among them. */
  readonly members: Set<number>;
  /** What it knows of the others. */
  readonly peers: Map<number, Peer>;
  /** For each server that there is a way to, the first step. */
  routes: ReadonlyMap<number, number>;
  readonly attachments: Attachments;
  waiting: WaitingWrite[];
  isGathering: boolean;
  /** Own writes that go to the others together with those of the next moment, for some were sent just now. */
  unsent: LoggedRun[];
  unsentBytes: number;
  /** Something was sent, or came, just now. */
  isExchanging: boolean;
  /** The last own write that was sent to those that there was a way to. */
  sentUpTo: number;
  /** Those whose entries were taken in and have to be acknowledged. */
  readonly unanswered: Set<number>;
  /** The digest of what it last told the others that it holds. */
  toldDigest: number | undefined;
  /** What neighbours held and this server did not, when it last looked. */
  lacked: Held;
  sync: Sync | undefined;
  /** To whom it sends what they lack, by requester: the number of the sync. */
  readonly sending: Map<number, number>;
  readonly stability: Stability;
}

export type ReplicaEvent =
  | Received<ClientMessage>
  | Received<PeerMessage>
  | Received<Topology>
  | Received<Meet>
  | Received<Gather>
  | DoneEvent
  | (PersistedEvent & { readonly from: Address });
export interface Arguments {
  readonly context: ReplicaContext;
  readonly event: ReplicaEvent;
}
export type OnlyContext = Pick<Arguments, 'context'>;

export function newReplicaContext(input: ReplicaInput): ReplicaContext {
  const { server, settings, random, state, members, introduction, isIgnorant } = input;
  return {
    server,
    self: replicaOf(server),
    settings,
    random,
    state,
    introduction,
    isIgnorant,
    equallyIgnorant: new Set(),
    members: new Set([server, ...members]),
    peers: new Map(),
    routes: new Map(),
    attachments: new Attachments(settings.attachmentsMax, random),
    waiting: [],
    isGathering: false,
    unsent: [],
    unsentBytes: 0,
    isExchanging: false,
    sentUpTo: state.counter,
    unanswered: new Set(),
    toldDigest: undefined,
    lacked: new Held(),
    sync: undefined,
    sending: new Map(),
    stability: new Stability(),
  };
}

/** The other members, in order. */
export function othersOf({ server, members }: ReplicaContext): number[] {
  return [...members].filter((member) => member !== server).sort((a, b) => a - b);
}

export function peerOf({ peers, state }: ReplicaContext, server: number): Peer {
  let peer = peers.get(server);
  if (peer === undefined) {
    peer = new Peer(state.origin);
    peers.set(server, peer);
  }
  return peer;
}

/** Writes that all other members have acknowledged leave the log. */
export function trimLog(context: ReplicaContext): void {
  const { state, peers } = context;
  const acknowledged = othersOf(context).map((other) => peers.get(other)?.acknowledged ?? 0);
  state.log.acknowledged(Math.min(state.counter, ...acknowledged));
}

/** The servers that there is a way to, and the ones of these that are a step away. */
export function reachableFrom({ routes }: ReplicaContext): number[] {
  return [...routes.keys()];
}
export function neighboursOf({ routes }: ReplicaContext): number[] {
  return [...routes].flatMap(([server, next]) => (server === next ? [server] : []));
}

/** Who says so, and whom it knows. */
export function signature({ server, members }: ReplicaContext) {
  return { sender: server, members: [...members] };
}

/** Sees to it that what clients have written is taken when the turn has brought all of it. */
export function gatherLater(context: ReplicaContext): Effect[] {
  if (context.isGathering || context.isIgnorant || context.waiting.length === 0) return [];
  context.isGathering = true;
  return [send<Gather>(context.self, { type: 'gather' })];
}

/** Hands a message to the router, for these servers. */
export function post(
  { server }: ReplicaContext,
  to: readonly number[],
  message: PeerMessage,
  when: Post['when'] = 'durable',
): Effect[] {
  return to.length === 0 ? [] : [send<Post>(routerOf(server), { type: 'post', to, message, when })];
}

export function entriesOf(context: ReplicaContext, runs: readonly Uint8Array[]): Entries {
  return { type: 'entries', ...signature(context), runs };
}

/** What was taken in from others, into the turn's transaction: what is said of it from here on waits for that. */
export function persistRedo({ state }: ReplicaContext): Effect[] {
  return state.hasRedo ? [persist(...state.takeRedo())] : [];
}

/** Says what this server holds; what it has not persisted yet goes into the turn's transaction first. */
export function tellHeld(
  context: ReplicaContext,
  to: readonly number[],
  when: Post['when'] = 'durable',
  probe = 0,
): Effect[] {
  const { state, sync, unanswered } = context;
  for (const server of to) unanswered.delete(server);
  const receipt: Receipt = {
    type: 'receipt',
    ...signature(context),
    origin: state.origin,
    held: state.held.ranges,
    isSyncing: sync !== undefined,
    probe,
  };
  return [...persistRedo(context), ...post(context, to, receipt, when)];
}

/** Takes in members that others know of, durably. */
export function noteMembers(context: ReplicaContext, members: readonly number[]): Effect[] {
  const { server, members: known, stability } = context;
  const newcomers = members.filter((member) => !known.has(member));
  if (newcomers.length === 0) return [];
  for (const member of newcomers) known.add(member);
  stability.reset();
  return [
    persist(membersRecord([...known])),
    send<KnownMembers>(routerOf(server), { type: 'knownMembers', members: [...known] }),
  ];
}

/** @throws UnknownMemberError when a clock, or what a server says that it holds, names one that is no member. */
export function checkClock({ members }: ReplicaContext, clock: VectorClock): void {
  for (let at = 0; at < clock.length; at += 2) checkMember(members, clock[at]!);
}
export function checkRanges({ members }: ReplicaContext, ranges: Ranges): void {
  for (const [origin] of ranges) checkMember(members, origin!);
}

function checkMember(members: ReadonlySet<number>, origin: number): void {
  if (!members.has(serverOf(origin))) throw new UnknownMemberError(serverOf(origin), 'a clock');
}
