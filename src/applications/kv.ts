import type { SynodError } from '../../actors/errors.ts';
import type { Application, ApplicationState, ReadableState } from '../../machines/replication/application.ts';
import type { Refusal } from '../../machines/replication/replicated-state.ts';
import { BadOperationError } from './errors.ts';
import { boundProblemOf, keyProblemOf, valueProblemOf } from './key-value-bounds.ts';
import { isWhole } from './validation.ts';

/** Most entries in one page of a scan. */
export const SCAN_ENTRIES_MAX = 1000;
/** About the most bytes in one page of a scan; a page has one entry at least. */
export const SCAN_BYTES_MAX = 1024 * 1024;

const NAME = 'kv';

const PUT = 0;
const DELETE = 1;
const COMPARE_AND_SET = 2;

const GET = 0;
const SCAN = 1;

/** What the store holds: texts as they are, or binaries. */
export type KvValue = string | Uint8Array;

/** An operation, short because a slot carries thousands. {@link kvOperation} makes them. */
export type KvOperation =
  | readonly [type: typeof PUT, key: string, value: KvValue]
  | readonly [type: typeof DELETE, key: string]
  | readonly [type: typeof COMPARE_AND_SET, key: string, expected: KvValue | null, value: KvValue];

/** A question. {@link kvQuery} makes them. */
export type KvQuery =
  | readonly [type: typeof GET, key: string]
  | readonly [type: typeof SCAN, prefix: string, from: string, limit: number];

/** Of put: true. Of delete: whether there was a value. Of compare-and-set: whether it was set. */
export type KvResult = boolean | Refusal;

/** Some of the entries of a scan, in order of the keys' UTF-8 bytes. */
export interface KvPage {
  readonly entries: readonly (readonly [key: string, value: KvValue])[];
  /** The first key that is not here: go on from it. Null when nothing is left. */
  readonly next: string | null;
}

/** Of get: the value, null for none. Of scan: a page. */
export type KvAnswer = KvValue | null | KvPage | Refusal;

export const kvOperation = {
  /** Sets a key, whatever it was. */
  put: (key: string, value: KvValue): KvOperation => [PUT, key, value],
  /** Deletes a key. */
  delete: (key: string): KvOperation => [DELETE, key],
  /** Sets a key if its value is `expected`; null: if it has none. A text never equals a binary. */
  compareAndSet: (key: string, expected: KvValue | null, value: KvValue): KvOperation => [
    COMPARE_AND_SET,
    key,
    expected,
    value,
  ],
};

export const kvQuery = {
  /** The value of a key. */
  get: (key: string): KvQuery => [GET, key],
  /** The entries whose keys begin with `prefix`, from `from` on (included), at most `limit` of them. */
  scan: (prefix: string, from = prefix, limit = SCAN_ENTRIES_MAX): KvQuery => [SCAN, prefix, from, limit],
};

/** A key-value store. */
export const kv: Application<KvOperation, KvResult, KvQuery, KvAnswer> = {
  name: NAME,
  module: import.meta.url,

  check(operation) {
    const problem = problemOf(operation);
    if (problem !== undefined) throw problem;
  },

  apply(operation, state) {
    const problem = problemOf(operation);
    return problem === undefined ? applyChecked(operation, state) : { refused: problem.code };
  },

  query(query, state) {
    const problem = queryProblemOf(query);
    return problem === undefined ? answerChecked(query, state) : { refused: problem.code };
  },
};

function applyChecked(operation: KvOperation, state: ApplicationState): boolean {
  const key = operation[1];
  switch (operation[0]) {
    case PUT:
      state.put(key, operation[2]);
      return true;
    case DELETE: {
      const existed = state.get(key) !== undefined;
      if (existed) state.delete(key);
      return existed;
    }
    case COMPARE_AND_SET: {
      const matches = isSame(state.get(key) ?? null, operation[2]);
      if (matches) state.put(key, operation[3]);
      return matches;
    }
  }
}

function answerChecked(query: KvQuery, state: ReadableState): KvAnswer {
  if (query[0] === GET) return asValue(state.get(query[1]));
  const [, prefix, from, limit] = query;
  const entries: [string, KvValue][] = [];
  let bytes = 0;
  for (const [key, value] of state.scan(prefix, from)) {
    if (!isValue(value)) continue;
    bytes += key.length + (typeof value === 'string' ? value.length : value.byteLength);
    const isFull = entries.length >= Math.min(limit, SCAN_ENTRIES_MAX) || bytes > SCAN_BYTES_MAX;
    if (isFull && entries.length > 0) return { entries, next: key };
    entries.push([key, value]);
  }
  return { entries, next: null };
}

function problemOf(operation: unknown): SynodError | undefined {
  if (!Array.isArray(operation)) return new BadOperationError(NAME, 'an operation is no list');
  const [type, key, first, second]: unknown[] = operation;
  switch (type) {
    case PUT:
      return keyProblemOf(NAME, key) ?? valueProblemOf(NAME, first);
    case DELETE:
      return keyProblemOf(NAME, key);
    case COMPARE_AND_SET:
      return (
        keyProblemOf(NAME, key) ??
        (first === null ? undefined : valueProblemOf(NAME, first)) ??
        valueProblemOf(NAME, second)
      );
    default:
      return new BadOperationError(NAME, 'an operation is of no known type');
  }
}

function queryProblemOf(query: unknown): SynodError | undefined {
  if (!Array.isArray(query)) return new BadOperationError(NAME, 'a query is no list');
  const [type, key, from, limit]: unknown[] = query;
  if (type === GET) return keyProblemOf(NAME, key);
  if (type !== SCAN) return new BadOperationError(NAME, 'a query is of no known type');
  if (!isWhole(limit, 1)) return new BadOperationError(NAME, 'the limit of a scan is no whole number from 1');
  return boundProblemOf(NAME, key) ?? boundProblemOf(NAME, from);
}

function isValue(value: unknown): value is KvValue {
  return typeof value === 'string' || value instanceof Uint8Array;
}

function asValue(value: unknown): KvValue | null {
  return isValue(value) ? value : null;
}

function isSame(value: unknown, expected: KvValue | null): boolean {
  if (value instanceof Uint8Array && expected instanceof Uint8Array)
    return Buffer.compare(value, expected) === 0;
  return value === expected;
}
