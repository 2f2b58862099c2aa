import type { Transaction } from './transaction.ts';
import { groupBytes, readGroup } from './transaction-bytes.ts';
import type { TransactionId } from './transaction-id.ts';

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
  return groupBytes(transactions);
}

/** The transactions of a group. Binaries in them are views. @throws BadTransactionError when the bytes are no group. */
export function unpackGroup(packed: Uint8Array): Transaction[] {
  return readGroup(packed);
}
