/**
 * What a transaction is called: the life of the leader that admitted it, and its number in that life. Later ones are
 * greater, and on each key the order of ids is the order of commits. 0 is no transaction.
 */
export type TransactionId = number;

/** Transactions of one life, at most; beyond that the leader starts over in another. */
export const NUMBERS_PER_LIFE = 2 ** 32;

/** The version of a key that has no value. */
export const NO_VERSION = 0;

/** The id of the `number`-th transaction of a life. Both count from 1. */
export function transactionId(life: number, number: number): TransactionId {
  return life * NUMBERS_PER_LIFE + number;
}

/** The life of the leader that gave the id. */
export function lifeOf(id: TransactionId): number {
  return Math.floor(id / NUMBERS_PER_LIFE);
}

/** As people read it: `life.number`. */
export function formatId(id: TransactionId): string {
  return `${lifeOf(id)}.${id % NUMBERS_PER_LIFE}`;
}
