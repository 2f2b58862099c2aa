import { pack, unpack } from '../../actors/codec.ts';
import { isText } from '../replication/plain-data.ts';
import { BadTransactionError } from './errors.ts';
import type { TransactionId } from './transaction-id.ts';

/** What the store holds: texts as they are, or binaries. */
export type Value = string | Uint8Array;

/** A key, and the id of the transaction whose value of it was read; 0: there was no value. */
export type ReadVersion = readonly [key: string, version: TransactionId];
/** A key, and the value that it must have when the votes are taken; null: none. A text never equals a binary. */
export type Condition = readonly [key: string, expected: Value | null];
/** A key, and its value from then on; null: none. */
export type Write = readonly [key: string, value: Value | null];

/**
 * All that a transaction did, as its client hands it in at the commit. It commits as a whole, if all that it read is
 * still so and all its conditions hold, or not at all. Each list names a key once; the lists may share keys.
 */
export interface Transaction {
  readonly reads: readonly ReadVersion[];
  readonly conditions: readonly Condition[];
  readonly writes: readonly Write[];
}

/** Longest key, in UTF-8 bytes. */
export const KEY_BYTES_MAX = 512;
/** Largest value, in bytes (of a text: in UTF-8). */
export const VALUE_BYTES_MAX = 1024 * 1024;
/** Largest transaction, in bytes as {@link encodeTransaction} packs it: it must fit into one record of a journal. */
export const TRANSACTION_BYTES_MAX = 8 * 1024 * 1024;

/*
 * On the wire and in journals a list of three lists, each flat:
 *
 *   [[key, version, ...], [key, expected, ...], [key, value, ...]]
 */

/**
 * Packs a transaction, once: everybody else carries the bytes. @throws BadTransactionError for one that
 * {@link decodeTransaction} would refuse; `SYNOD_KEY_TOO_LARGE` and `SYNOD_VALUE_TOO_LARGE` are for the client to tell
 * before.
 */
export function encodeTransaction({ reads, conditions, writes }: Transaction): Uint8Array<ArrayBuffer> {
  const parts = [reads.flat(), conditions.flat(), writes.flat()];
  checkTransaction(parts);
  const bytes = pack(parts);
  checkSize(bytes.byteLength);
  return bytes;
}

/** @throws BadTransactionError when the bytes are no transaction. Binaries in it are views into `bytes`. */
export function decodeTransaction(bytes: Uint8Array): Transaction {
  checkSize(bytes.byteLength);
  let parts: unknown;
  try {
    parts = unpack(bytes);
  } catch (cause) {
    throw new BadTransactionError('a transaction does not decode', { cause });
  }
  checkTransaction(parts);
  return transactionOf(parts);
}

/** A transaction as it is packed: the keys at the even places. */
export type TransactionParts = readonly [
  reads: readonly (string | TransactionId)[],
  conditions: readonly (Value | null)[],
  writes: readonly (Value | null)[],
];

/** The same, in pairs. */
export function transactionOf([reads, conditions, writes]: TransactionParts): Transaction {
  return {
    reads: pairs(reads) as ReadVersion[],
    conditions: pairs(conditions) as Condition[],
    writes: pairs(writes) as Write[],
  };
}

function pairs<T>(flat: readonly T[]): [T, T][] {
  const list: [T, T][] = [];
  for (let place = 0; place < flat.length; place += 2) list.push([flat[place]!, flat[place + 1]!]);
  return list;
}

function checkSize(bytes: number): void {
  if (bytes > TRANSACTION_BYTES_MAX)
    throw new BadTransactionError(
      `a transaction of ${bytes} bytes is over transactionBytesMax (${TRANSACTION_BYTES_MAX})`,
    );
}

function checkTransaction(parts: unknown): asserts parts is TransactionParts {
  if (!Array.isArray(parts) || parts.length !== 3)
    throw new BadTransactionError('a transaction is no list of three');
  checkPart(parts[0], 'read', isVersion);
  checkPart(parts[1], 'condition', isValueOrNone);
  checkPart(parts[2], 'write', isValueOrNone);
}

function checkPart(part: unknown, what: string, isSecond: (value: unknown) => boolean): void {
  if (!Array.isArray(part) || part.length % 2 !== 0)
    throw new BadTransactionError(`a transaction has no list of ${what}s`);
  for (let place = 0; place < part.length; place += 2) {
    if (!isKey(part[place])) {
      throw new BadTransactionError(
        `the key of a ${what} is no well-formed text of 1 to ${KEY_BYTES_MAX} bytes`,
      );
    }
    if (!isSecond(part[place + 1]))
      throw new BadTransactionError(`a ${what} holds what is neither a value nor a version`);
  }
  if (part.length > 2 && new Set(part.filter((_, place) => place % 2 === 0)).size * 2 < part.length) {
    throw new BadTransactionError(`a transaction names a key twice among its ${what}s`);
  }
}

function isKey(key: unknown): boolean {
  return isText(key) && key !== '' && fits(key, KEY_BYTES_MAX);
}

function isVersion(version: unknown): boolean {
  return Number.isSafeInteger(version) && (version as number) >= 0;
}

function isValueOrNone(value: unknown): boolean {
  if (value === null) return true;
  if (value instanceof Uint8Array) return value.byteLength <= VALUE_BYTES_MAX;
  return isText(value) && fits(value, VALUE_BYTES_MAX);
}

function fits(text: string, bytesMax: number): boolean {
  // A UTF-16 unit takes three bytes at most.
  return text.length * 3 <= bytesMax || Buffer.byteLength(text) <= bytesMax;
}
