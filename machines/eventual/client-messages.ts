import type { Session } from './session.ts';
import type { VectorClock } from './vector-clock.ts';

// What clients and whoever runs the cluster say to the replica of a server, at `ID/replica`, and what it answers.
//
// A client keeps a `Session` (session.ts) and merges into it what `written` and `values` bring. It takes it along
// when it moves to another server.

/**
 * Puts and deletes, packed by `packOperations`, in the order of the client. Always taken, whatever the server holds.
 *
 * An attachment is a name that the client draws anew for each server that it moves to, and whenever it is told
 * `unattached`; `number` counts its messages from 1. The server takes each once and in their order, so a client may have
 * many under way; those later ones need not know what the earlier ones were answered. One that is not answered is sent
 * again as it was. A client moves on, and reads, only when all that it wrote was answered, or given up.
 */
export type Write = {
  readonly type: 'write';
  readonly attachment: string;
  readonly number: number;
  readonly session: Session;
  readonly operations: Uint8Array;
};
/** They are on this server's disk. `session` covers them; merge it. */
export type Written = {
  readonly type: 'written';
  readonly attachment: string;
  readonly number: number;
  readonly session: Session;
};
/** An earlier message is missing: send again from `expected` on. Nothing of this one was taken. */
export type WriteGap = { readonly type: 'writeGap'; readonly attachment: string; readonly expected: number };
/** The server has forgotten, or never known, the attachment: what was not answered may have happened or not. */
export type Unattached = {
  readonly type: 'unattached';
  readonly attachment: string;
  readonly number: number;
};
/** It was not taken, for it is no list of operations, or one of them is too large; the next number may follow. */
export type WriteRefused = {
  readonly type: 'writeRefused';
  readonly attachment: string;
  readonly number: number;
  readonly code: string;
  readonly message: string;
};
/** The client goes; its attachment may be forgotten. Not answered. */
export type Detach = { readonly type: 'detach'; readonly attachment: string };

/** What do these keys show? `past` is that of the session. */
export type Read = {
  readonly type: 'read';
  readonly id: number;
  readonly past: VectorClock;
  readonly keys: readonly string[];
};
/** The values, in the order of the keys; undefined where there is no such key. Merge `session`. */
export type Values = {
  readonly type: 'values';
  readonly id: number;
  readonly values: readonly unknown[];
  readonly session: Session;
};
/** ERR_DEP: the server does not yet hold what the session has read and written. */
export type Behind = { readonly type: 'behind'; readonly id: number };
/** The read made no sense. */
export type ReadRefused = {
  readonly type: 'readRefused';
  readonly id: number;
  readonly code: string;
  readonly message: string;
};

/**
 * These servers are members. Members only become more: name any of them, as often as you like. Before a newcomer starts,
 * all live servers are to have noted it; and every server is to be told when it has started.
 */
export type Members = { readonly type: 'members'; readonly id: number; readonly members: readonly number[] };
/** They are on disk. */
export type MembersNoted = {
  readonly type: 'membersNoted';
  readonly id: number;
  /** All that the server knows of. */
  readonly members: readonly number[];
};

export type StatusRequest = { readonly type: 'status'; readonly id: number };
/**
 * How a server stands. All values are on all servers that can reach each other when, for each of these, `reachable` names
 * the others (it takes a moment to notice that a link was cut or mended), `isQuiet` holds, and `held` and `shown` are the
 * same for all.
 */
export type EventualStatus = {
  readonly type: 'eventualStatus';
  readonly id: number;
  readonly server: number;
  readonly members: readonly number[];
  /** What it holds: of each origin, all writes up to a counter; single ones beyond do not count. */
  readonly held: VectorClock;
  /** Of the values that show: equal ones, equal digests. */
  readonly shown: string;
  /** Of all versions, tombstones too. Servers that are alike otherwise may differ here until all have collected. */
  readonly versions: string;
  readonly keys: number;
  readonly tombstones: number;
  /** Own writes that not all members have acknowledged. */
  readonly logEntries: number;
  readonly logBytes: number;
  /** Servers that it hears and that hear it. */
  readonly neighbours: readonly number[];
  /** Servers that it knows a way to, neighbours included, itself not. */
  readonly reachable: readonly number[];
  /** The first step on the way to each of these. */
  readonly nextHops: readonly number[];
  /** Nothing is under way that it knows of: what it wrote is acknowledged by all that it reaches, and it lacks nothing. */
  readonly isQuiet: boolean;
};

/** The keys that show a value, in the order of their UTF-8 bytes: those after `after`, from the first on if undefined. */
export type Dump = { readonly type: 'dump'; readonly id: number; readonly after: string | undefined };
/** Some of them; the next piece is `after` the last one's key. */
export type Dumped = {
  readonly type: 'dumped';
  readonly id: number;
  readonly entries: readonly (readonly [key: string, value: unknown])[];
  readonly hasMore: boolean;
};

export type ClientMessage = Write | Detach | Read | Members | StatusRequest | Dump;
export type ClientAnswer =
  | Written
  | WriteGap
  | Unattached
  | WriteRefused
  | Values
  | Behind
  | ReadRefused
  | MembersNoted
  | EventualStatus
  | Dumped;
