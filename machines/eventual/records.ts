import { pack, unpack } from '../../actors/codec.ts';
import { SynodError } from '../../actors/errors.ts';
import type { JournalKey, JournalView, JournalWrite } from '../../actors/journal.ts';
import { isRanges, NO_RANGES, type Ranges } from './held.ts';
import { isOrigin, isServerId, type Origin } from './origin.ts';
import { isClock, type VectorClock } from './vector-clock.ts';

/*
 * What a server has on disk. In the journal, forced:
 *
 *   self                who it is, and whether its store was ever written
 *   members
 *   log | counter       a run of own writes, the first of which has that counter
 *   redo | number       what else it took in
 *
 * In the store, written behind:
 *
 *   versions | key      the versions of a key (siblings.ts)
 *   state               what it holds, as of the same transaction
 *
 * A log record goes when the store has it and it has left the write log; a redo record when the store has it.
 */
const SELF: JournalKey = ['self'];
const MEMBERS: JournalKey = ['members'];
const LOG = 'log';
const REDO = 'redo';
const STATE: JournalKey = ['state'];

/** What was taken in from others, in its order. */
export type Redo =
  /** Versions that count as held from here on. */
  | readonly [kind: 'entries', run: Uint8Array]
  /** Versions of a sync that has not ended. */
  | readonly [kind: 'versions', run: Uint8Array]
  /** A sync has ended: this is held from here on, own writes follow that, and these versions are gone. */
  | readonly [kind: 'held', held: Ranges, seen: VectorClock, dropped: Ranges];

/** What a server's journal and store remember beside the versions. */
export interface ServerRecords {
  /** Undefined: it has never written anything. */
  readonly origin: Origin | undefined;
  /** Its store was written; if nothing is there now, it was lost. */
  readonly hasStored: boolean;
  readonly members: readonly number[];
  readonly log: readonly { readonly first: number; readonly run: Uint8Array }[];
  readonly redo: readonly { readonly number: number; readonly parts: readonly Redo[] }[];
  /** Undefined: the store is empty. */
  readonly stored: StoredState | undefined;
}

export interface StoredState {
  readonly held: Ranges;
  readonly seen: VectorClock;
  /** Whose memory wrote it; records of before do not say. */
  readonly origin: Origin | undefined;
}

export function selfRecord(origin: Origin, hasStored: boolean): JournalWrite {
  return { key: SELF, value: pack([origin, hasStored]) };
}

export function membersRecord(members: readonly number[]): JournalWrite {
  return { key: MEMBERS, value: pack(members) };
}

export function logRecord(first: number, run: Uint8Array): JournalWrite {
  return { key: [LOG, first], value: run };
}

export function redoRecord(number: number, parts: readonly Redo[]): JournalWrite {
  return { key: [REDO, number], value: pack(parts) };
}

export function stateRecord({ held, seen, origin }: StoredState): JournalWrite {
  return { key: STATE, value: pack([held, seen, origin]) };
}

export function forgetLog(first: number): JournalWrite {
  return { key: [LOG, first], value: undefined };
}

export function forgetRedo(number: number): JournalWrite {
  return { key: [REDO, number], value: undefined };
}

/** Reads back what a server wrote. @throws SynodError `SYNOD_CORRUPT_RECORD` for a record that no server wrote. */
export function loadServerRecords(journal: JournalView, store: JournalView): ServerRecords {
  const self = read(journal, SELF, (value) => {
    if (!Array.isArray(value) || !isOrigin(value[0]) || typeof value[1] !== 'boolean') throw corrupt('self');
    return { origin: value[0], hasStored: value[1] };
  });
  const members = [journal, store].flatMap((view) => read(view, MEMBERS, toMembers) ?? []);
  const log = [...journal.range([LOG])].map(([key, run]) => ({ first: Number(key[1]), run: copy(run) }));
  const redo = [...journal.range([REDO])].map(([key, record]) => {
    const number = Number(key[1]);
    return { number, parts: toRedo(decode(`redo ${number}`, record), `redo ${number}`) };
  });
  const stored = read(store, STATE, (value) => {
    if (!Array.isArray(value)) throw corrupt('state');
    const [held, seen, origin] = value as unknown[];
    if (!isRanges(held) || !isClock(seen) || !(origin === undefined || isOrigin(origin)))
      throw corrupt('state');
    return { held, seen, origin };
  });
  return {
    origin: self?.origin,
    hasStored: self?.hasStored ?? false,
    members,
    log,
    redo,
    stored,
  };
}

/** An error that says which record holds what nobody wrote there. */
export function corrupt(record: string, cause?: unknown): SynodError {
  return new SynodError(
    'SYNOD_CORRUPT_RECORD',
    `the server's record "${record}" holds what no server wrote; nothing of it was used. Put the node's folder back ` +
      'from a copy, or remove it: the server gets what others hold from them, and has lost what they do not',
    { cause },
  );
}

function read<Value>(
  view: JournalView,
  key: JournalKey,
  parse: (value: unknown) => Value,
): Value | undefined {
  const record = view.get(key);
  return record === undefined ? undefined : parse(decode(key.join(' '), record));
}

function decode(name: string, record: Uint8Array): unknown {
  try {
    return unpack(copy(record));
  } catch (cause) {
    throw corrupt(name, cause);
  }
}

function toMembers(value: unknown): readonly number[] {
  if (!Array.isArray(value) || !value.every(isServerId)) throw corrupt('members');
  return value;
}

function toRedo(value: unknown, name: string): Redo[] {
  if (!Array.isArray(value)) throw corrupt(name);
  return value.map((part: unknown): Redo => {
    if (!Array.isArray(part)) throw corrupt(name);
    // Records of before say nothing of what is gone.
    const [kind, what, seen, dropped = NO_RANGES] = part as unknown[];
    if ((kind === 'entries' || kind === 'versions') && what instanceof Uint8Array) return [kind, what];
    if (kind === 'held' && isRanges(what) && isClock(seen) && isRanges(dropped))
      return [kind, what, seen, dropped];
    throw corrupt(name);
  });
}

/** What a journal gives out may be a view into what it holds. */
function copy(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
