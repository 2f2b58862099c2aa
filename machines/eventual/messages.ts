import { type Address, addressOf } from '../../actors/address.ts';
import type { Message } from '../../actors/envelope.ts';
import { isRanges, type Ranges } from './held.ts';
import { isOrigin, isServerId, type Origin } from './origin.ts';
import { isClock, type VectorClock } from './vector-clock.ts';

// Between replicas. They travel by the routers, so each says itself who sends it, and whom that one knows to be members.

interface Signed {
  readonly sender: number;
  readonly members: readonly number[];
}

/** Writes of the sender: a run (run.ts). */
export type Entries = Signed & { readonly type: 'entries'; readonly runs: readonly Uint8Array[] };
/** I hold these, durably. */
export type Receipt = Signed & {
  readonly type: 'receipt';
  /** Whose counter the sender's own writes have. */
  readonly origin: Origin;
  readonly held: Ranges;
  /** What it lacks is on its way to it, or some of that: there is no need to send it again. */
  readonly isSyncing: boolean;
  /** Of the probe that it answers; else 0. */
  readonly probe: number;
};
/** What do you hold? */
export type Probe = Signed & { readonly type: 'probe'; readonly number: number };
/** What I hold has this digest: ask me if you know of another. */
export type Digest = Signed & { readonly type: 'digest'; readonly digest: number };

/** I know of nothing: what must my writes follow? */
export type AskSeen = Signed & { readonly type: 'askSeen' };
/** All that I have seen; it may be too little, if I ask myself. */
export type Seen = Signed & {
  readonly type: 'seen';
  readonly seen: VectorClock;
  readonly isIgnorant: boolean;
};

/** I hold these alone: send me the versions that I lack. The number is the sender's own. */
export type SyncRequest = Signed & {
  readonly type: 'syncRequest';
  readonly sync: number;
  readonly held: Ranges;
};
/** I have that piece; send the one of this number. */
export type SyncNext = Signed & { readonly type: 'syncNext'; readonly sync: number; readonly piece: number };
/** Some of the versions: a run. */
export type SyncPiece = Signed & {
  readonly type: 'syncPiece';
  readonly sync: number;
  readonly piece: number;
  readonly run: Uint8Array;
  /** With the last one: what the sender held when it began, and what its writes followed. */
  readonly end?: { readonly held: Ranges; readonly seen: VectorClock };
};
/** I know of no such sync. */
export type SyncGone = Signed & { readonly type: 'syncGone'; readonly sync: number };

export type PeerMessage =
  | Entries
  | Receipt
  | Probe
  | Digest
  | AskSeen
  | Seen
  | SyncRequest
  | SyncNext
  | SyncPiece
  | SyncGone;

// Between the routers of two nodes.

/** I am there, and hear these. */
export type Hello = Signed & { readonly type: 'hello'; readonly heard: readonly number[] };
/** What servers have said of their links, each by itself. */
export type LinkStates = Signed & {
  readonly type: 'linkStates';
  /** Of each: the server, the sequence, and its neighbours. */
  readonly states: readonly (readonly number[])[];
};
/** Hand this over to the replicas of these servers, each by a shortest way. */
export type Forward = Signed & {
  readonly type: 'forward';
  readonly to: readonly number[];
  /** How often it may be passed on yet. */
  readonly hops: number;
  readonly message: PeerMessage;
};

// Between the replica and the router of a node.

/** Bring this to the replicas of these servers. `early`: it says nothing of the disk. */
export type Post = {
  readonly type: 'post';
  readonly to: readonly number[];
  readonly message: PeerMessage;
  readonly when: 'durable' | 'early';
};
/** For each server that there is a way to, the first step; neighbours are those that are it themselves. */
export type Topology = {
  readonly type: 'topology';
  readonly routes: readonly (readonly [server: number, next: number])[];
};
/** A router has heard of these members. */
export type Meet = { readonly type: 'meet'; readonly members: readonly number[] };
/** These are members. */
export type KnownMembers = { readonly type: 'knownMembers'; readonly members: readonly number[] };

/** The replica's note to itself: take what the turn has brought. */
export type Gather = { readonly type: 'gather' };

export type RouterMessage = Hello | LinkStates | Forward | Post | KnownMembers;

export function replicaOf(server: number): Address {
  return addressOf(String(server), 'replica');
}

export function routerOf(server: number): Address {
  return addressOf(String(server), 'router');
}

type Fields = Readonly<Record<string, unknown>>;

/** Whether this, from outside, is what one replica says to another. */
export function isPeerMessage(message: Message): message is PeerMessage {
  if (!isSigned(message)) return false;
  const fields: Fields = { ...message };
  const { run, runs, held, sync, piece, number, origin, isSyncing, probe, digest, seen, isIgnorant, end } =
    fields;
  switch (message.type) {
    case 'entries':
      return Array.isArray(runs) && runs.every((each) => each instanceof Uint8Array);
    case 'receipt':
      return isOrigin(origin) && isRanges(held) && typeof isSyncing === 'boolean' && isWhole(probe);
    case 'probe':
      return isWhole(number);
    case 'digest':
      return isWhole(digest);
    case 'askSeen':
      return true;
    case 'seen':
      return isClock(seen) && typeof isIgnorant === 'boolean';
    case 'syncRequest':
      return isWhole(sync) && isRanges(held);
    case 'syncNext':
      return isWhole(sync) && isWhole(piece);
    case 'syncPiece':
      return (
        isWhole(sync) && isWhole(piece) && run instanceof Uint8Array && (end === undefined || isEnd(end))
      );
    case 'syncGone':
      return isWhole(sync);
    default:
      return false;
  }
}

/** Whether this, from outside, is what one router says to another. */
export function isRouterMessage(message: Message): message is Hello | LinkStates | Forward {
  if (!isSigned(message)) return false;
  const fields: Fields = { ...message };
  const { heard, states, to, hops, message: inner } = fields;
  switch (message.type) {
    case 'hello':
      return isServers(heard);
    case 'linkStates':
      return Array.isArray(states) && states.every(isLinkState);
    case 'forward':
      return isServers(to) && isWhole(hops) && isMessage(inner) && isPeerMessage(inner);
    default:
      return false;
  }
}

function isSigned(message: object): message is Signed {
  return (
    'sender' in message && isServerId(message.sender) && 'members' in message && isServers(message.members)
  );
}

function isLinkState(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  const [server, sequence, ...neighbours] = value as unknown[];
  return isServerId(server) && isWhole(sequence) && isServers(neighbours);
}

function isEnd(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { held, seen }: Fields = { ...value };
  return isRanges(held) && isClock(seen);
}

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/** Whether these are ids of servers. */
export function isServers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every(isServerId);
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
