import { pack, unpack } from '../../actors/codec.ts';
import type { JournalKey } from '../../actors/journal.ts';

/*
 * What a replicated state keeps in the journal:
 *
 *   state                                   the header, below
 *   session | generation | session          a client's session
 *   data | generation | application | key   a record of an application
 *
 * A snapshot that comes in fills the next generation; changing the header switches to it.
 */
export const SESSION = 'session';
export const DATA = 'data';
export const HEADER_KEY: JournalKey = ['state'];

/** What is replicated beside sessions and records, and which generation of these is in force. */
export interface StateHeader {
  readonly generation: number;
  readonly applied: number;
  readonly nextSession: number;
  readonly sessionUses: number;
  /** How many operations each application has applied. */
  readonly versions: readonly (readonly [application: string, count: number])[];
  /** What the protocol must know again of the applied index. Plain data. */
  readonly anchor: unknown;
}

/** The header of a state to which nothing has been applied. */
export const EMPTY_HEADER: StateHeader = {
  generation: 0,
  applied: 0,
  nextSession: 1,
  sessionUses: 0,
  versions: [],
  anchor: null,
};

export function sessionPrefix(generation: number): JournalKey {
  return [SESSION, generation];
}

export function sessionKey(generation: number, session: number): JournalKey {
  return [SESSION, generation, session];
}

export function dataPrefix(generation: number, application: string): JournalKey {
  return [DATA, generation, application];
}

export function dataKey(generation: number, application: string, key: string): JournalKey {
  return [DATA, generation, application, key];
}

export function encodeHeader(header: StateHeader): Uint8Array<ArrayBuffer> {
  const { generation, applied, nextSession, sessionUses, versions, anchor } = header;
  return pack([generation, applied, nextSession, sessionUses, versions, anchor]);
}

/** @throws TypeError for a broken record. */
export function decodeHeader(record: Uint8Array): StateHeader {
  const decoded = unpack(record);
  if (Array.isArray(decoded)) {
    const [generation, applied, nextSession, sessionUses, versions, anchor = null] = decoded as unknown[];
    if (isCount(generation) && isCount(applied) && isCount(nextSession) && isCount(sessionUses)) {
      if (Array.isArray(versions) && versions.every(isVersion)) {
        return { generation, applied, nextSession, sessionUses, versions, anchor };
      }
    }
  }
  throw new TypeError('the header of the replicated state is broken');
}

function isVersion(value: unknown): value is [string, number] {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === 'string' && isCount(value[1]);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
