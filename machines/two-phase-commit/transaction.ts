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
/** Largest transaction, in bytes as `encodeTransaction` packs it: it must fit into one record of a journal. */
export const TRANSACTION_BYTES_MAX = 8 * 1024 * 1024;

/** @throws BadTransactionError for one that there cannot be. */
export function checkTransaction({ reads, conditions, writes }: Transaction): void {
  checkKeys('read', reads);
  for (const [, version] of reads) {
    if (!isVersion(version)) throw new BadTransactionError('a read is of no version');
  }
  for (const [what, list] of [
    ['condition', conditions],
    ['write', writes],
  ] as const) {
    checkKeys(what, list);
    for (const [, value] of list) {
      if (!isValueOrNone(value))
        throw new BadTransactionError(
          `the value of a ${what} is neither a well-formed text nor a binary, or over ${VALUE_BYTES_MAX} bytes`,
        );
    }
  }
}

function checkKeys(what: string, list: readonly (readonly [string, unknown])[]): void {
  for (const [key] of list) {
    if (!isKey(key))
      throw new BadTransactionError(
        `the key of a ${what} is no well-formed text of 1 to ${KEY_BYTES_MAX} bytes`,
      );
  }
  if (list.length > 1 && new Set(list.map(([key]) => key)).size < list.length)
    throw new BadTransactionError(`a transaction names a key twice among its ${what}s`);
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
