import { pack, unpack } from '../../actors/codec.ts';
import { BadChunkError } from './errors.ts';

/** One operation of an application, by the application's name. */
export type NamedOperation = readonly [application: string, operation: unknown];

/** Opens a session (RegisterClient of Raft thesis, section 6.3). The answer carries the same nonce. */
export interface OpenChunk {
  readonly kind: 'open';
  readonly nonce: string;
}

/** Consecutive operations of one session, numbered `first`, `first + 1`, ... */
export interface OperationsChunk {
  readonly kind: 'operations';
  readonly session: number;
  /** The number of the first operation here; a session's very first is 1. */
  readonly first: number;
  /** The client has the results of all operations up to this number; replicas need not keep them. */
  readonly acknowledged: number;
  readonly operations: readonly NamedOperation[];
}

/** What a client asks for, packed once by the client and carried as bytes by everybody else. */
export type Chunk = OpenChunk | OperationsChunk;

/** Most operations in one chunk. */
export const CHUNK_OPERATIONS_MAX = 65_536;
/** Longest nonce, in UTF-16 units. */
export const NONCE_LENGTH_MAX = 128;

/*
 * On the wire, arrays:
 *
 *   [0, nonce]
 *   [1, session, first, acknowledged, [operation, ...], application]               all of one application
 *   [1, session, first, acknowledged, [operation, ...], [application, ...], [i, ...]]   i: an operation's application
 */
const OPEN = 0;
const OPERATIONS = 1;

/** @throws BadChunkError for a chunk that {@link decodeChunk} would refuse. */
export function encodeChunk(chunk: Chunk): Uint8Array<ArrayBuffer> {
  if (chunk.kind === 'open') return pack([OPEN, checkedNonce(chunk.nonce)]);
  const { session, first, acknowledged, operations } = chunk;
  checkNumbers(session, first, acknowledged, operations.length);
  const header = [OPERATIONS, session, first, acknowledged, operations.map(([, operation]) => operation)];
  const names = new Map<string, number>();
  for (const [application] of operations) {
    if (!names.has(application)) names.set(application, names.size);
  }
  if (names.size === 1) return pack([...header, operations[0]![0]]);
  return pack([...header, [...names.keys()], operations.map(([application]) => names.get(application))]);
}

/** @throws BadChunkError when the bytes are no chunk. Binaries in the operations are views into `bytes`. */
export function decodeChunk(bytes: Uint8Array): Chunk {
  let decoded: unknown;
  try {
    decoded = unpack(bytes);
  } catch (cause) {
    throw new BadChunkError('a chunk does not decode', { cause });
  }
  if (!Array.isArray(decoded)) throw new BadChunkError('a chunk is no list');
  const parts: readonly unknown[] = decoded;
  if (parts[0] === OPEN && parts.length === 2) return { kind: 'open', nonce: checkedNonce(parts[1]) };
  if (parts[0] === OPERATIONS && (parts.length === 6 || parts.length === 7)) return decodeOperations(parts);
  throw new BadChunkError('a chunk is of no known kind');
}

function decodeOperations(parts: readonly unknown[]): OperationsChunk {
  const [, session, first, acknowledged, list, applications, indexes] = parts;
  if (!Array.isArray(list)) throw new BadChunkError('a chunk holds no list of operations');
  const numbers = checkNumbers(session, first, acknowledged, list.length);
  return { kind: 'operations', ...numbers, operations: nameOperations(list, applications, indexes) };
}

function nameOperations(list: readonly unknown[], applications: unknown, indexes: unknown): NamedOperation[] {
  if (typeof applications === 'string' && indexes === undefined) {
    return list.map((operation) => [applications, operation]);
  }
  if (!Array.isArray(applications) || !Array.isArray(indexes) || indexes.length !== list.length) {
    throw new BadChunkError('a chunk does not say which application its operations are for');
  }
  const names: readonly unknown[] = applications;
  return list.map((operation, position) => {
    const application = names[Number(indexes[position])];
    if (typeof application !== 'string')
      throw new BadChunkError('a chunk holds an operation of no application');
    return [application, operation];
  });
}

function checkNumbers(session: unknown, first: unknown, acknowledged: unknown, count: number) {
  if (!isWhole(session, 1) || !isWhole(first, 1) || !isWhole(acknowledged, 0)) {
    throw new BadChunkError('a chunk carries a broken session, operation or acknowledged number');
  }
  if (count < 1 || count > CHUNK_OPERATIONS_MAX || !Number.isSafeInteger(first + count)) {
    throw new BadChunkError(`a chunk holds ${count} operations, allowed are 1 to ${CHUNK_OPERATIONS_MAX}`);
  }
  return { session, first, acknowledged };
}

function checkedNonce(nonce: unknown): string {
  if (typeof nonce === 'string' && nonce.length >= 1 && nonce.length <= NONCE_LENGTH_MAX) return nonce;
  throw new BadChunkError(`a nonce is no text of 1 to ${NONCE_LENGTH_MAX} characters`);
}

function isWhole(value: unknown, min: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= min;
}
