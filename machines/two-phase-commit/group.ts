import { unpack } from '../../actors/codec.ts';
import { type Transaction, type TransactionParts, transactionOf } from './transaction.ts';
import type { TransactionId } from './transaction-id.ts';

/** Of MessagePack: a list whose length follows in 32 bits. */
const LIST_32 = 0xdd;
const LIST_HEADER_BYTES = 5;

/**
 * Transactions that go through the protocol together: their ids follow one another, and none of them writes what
 * another one reads or writes.
 */
export interface Group {
  /** The id of the first transaction. */
  readonly id: TransactionId;
  readonly count: number;
  /** Who votes. */
  readonly participants: readonly string[];
  /** The transactions, as {@link packGroup} gives them. */
  readonly transactions: Uint8Array;
}

/** Puts packed transactions one behind the other, as they are: nobody packs them again. */
export function packGroup(transactions: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let bytes = LIST_HEADER_BYTES;
  for (const transaction of transactions) bytes += transaction.byteLength;
  const packed = new Uint8Array(bytes);
  packed[0] = LIST_32;
  new DataView(packed.buffer).setUint32(1, transactions.length);
  let position = LIST_HEADER_BYTES;
  for (const transaction of transactions) {
    packed.set(transaction, position);
    position += transaction.byteLength;
  }
  return packed;
}

/** The transactions of a group. Binaries in them are views. @throws Error when the bytes are no group. */
export function unpackGroup(packed: Uint8Array): Transaction[] {
  const list = unpack(packed);
  if (!Array.isArray(list)) throw new TypeError('a group that is no list');
  return list.map((parts) => transactionOf(parts as TransactionParts));
}
