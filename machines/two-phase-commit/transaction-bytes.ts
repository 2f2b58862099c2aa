import { BadTransactionError } from './errors.ts';
import { checkTransaction, TRANSACTION_BYTES_MAX, type Transaction, type Value } from './transaction.ts';

/*
 * Transactions as bytes: of MessagePack as much as they need, so that `unpack` reads them too. Laid by hand, for each
 * is packed by itself, and `pack` is made for larger things.
 *
 *   transaction   93 | list | list | list       what it read, its conditions, what it writes
 *   list          dd | items 4 | item ...       each key, and what belongs to it, one after the other
 *   item          db | bytes 4 | UTF-8 ...      a text
 *                 c6 | bytes 4 | ...            a binary
 *                 cb | 8                        a version
 *                 c0                            none
 */
const LIST_OF_3 = 0x93;
const LIST = 0xdd;
const TEXT = 0xdb;
const BINARY = 0xc6;
const NUMBER = 0xcb;
const NONE = 0xc0;
/** What stands before a list, a text or a binary. */
const HEADER_BYTES = 5;
const NUMBER_BYTES = 8;

type Item = Value | number | null;
type Pair = readonly [string, Item];

/**
 * Packs a transaction, once: everybody else carries the bytes. @throws BadTransactionError for one that
 * {@link decodeTransaction} would refuse.
 */
export function encodeTransaction(transaction: Transaction): Uint8Array<ArrayBuffer> {
  checkTransaction(transaction);
  const bytes = transactionBytes(transaction);
  checkSize(bytes.byteLength);
  return bytes;
}

/** @throws BadTransactionError when the bytes are no transaction. Binaries in it are views into `bytes`. */
export function decodeTransaction(bytes: Uint8Array): Transaction {
  checkSize(bytes.byteLength);
  const transaction = readTransaction(bytes);
  checkTransaction(transaction);
  return transaction;
}

function checkSize(bytes: number): void {
  if (bytes > TRANSACTION_BYTES_MAX)
    throw new BadTransactionError(
      `a transaction of ${bytes} bytes is over transactionBytesMax (${TRANSACTION_BYTES_MAX})`,
    );
}

export function transactionBytes({ reads, conditions, writes }: Transaction): Uint8Array<ArrayBuffer> {
  const lists: readonly (readonly Pair[])[] = [reads, conditions, writes];
  let bytesMax = 1;
  for (const list of lists) {
    bytesMax += HEADER_BYTES;
    for (const [key, item] of list) bytesMax += bytesMaxOf(key) + bytesMaxOf(item);
  }
  const bytes = Buffer.allocUnsafe(bytesMax);
  bytes[0] = LIST_OF_3;
  let position = 1;
  for (const list of lists) {
    position = writeHeader(LIST, list.length * 2, bytes, position);
    for (const [key, item] of list) position = writeItem(item, bytes, writeItem(key, bytes, position));
  }
  return bytes.subarray(0, position);
}

/** Of group, so many transactions as {@link transactionBytes} gives them, behind the header of a list. */
export function groupBytes(transactions: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let bytes = HEADER_BYTES;
  for (const transaction of transactions) bytes += transaction.byteLength;
  const packed = Buffer.allocUnsafeSlow(bytes);
  let position = writeHeader(LIST, transactions.length, packed, 0);
  for (const transaction of transactions) {
    packed.set(transaction, position);
    position += transaction.byteLength;
  }
  return packed;
}

/** Reads what {@link transactionBytes} gave. @throws BadTransactionError for anything else. */
function readTransaction(bytes: Uint8Array): Transaction {
  const reader = new Reader(bytes);
  const transaction = reader.transaction();
  if (!reader.isAtEnd) throw new BadTransactionError('a transaction goes on after its end');
  return transaction;
}

/** Reads what {@link groupBytes} gave. @throws BadTransactionError for anything else. */
export function readGroup(bytes: Uint8Array): Transaction[] {
  const reader = new Reader(bytes);
  return Array.from({ length: reader.header(LIST) }, () => reader.transaction());
}

function bytesMaxOf(item: Item): number {
  // A UTF-16 unit takes three bytes at most.
  if (typeof item === 'string') return HEADER_BYTES + item.length * 3;
  return item instanceof Uint8Array ? HEADER_BYTES + item.byteLength : 1 + NUMBER_BYTES;
}

function writeHeader(kind: number, length: number, target: Buffer, start: number): number {
  target[start] = kind;
  return target.writeUInt32BE(length, start + 1);
}

function writeItem(item: Item, target: Buffer, start: number): number {
  if (item === null) {
    target[start] = NONE;
    return start + 1;
  }
  if (typeof item === 'number') {
    target[start] = NUMBER;
    return target.writeDoubleBE(item, start + 1);
  }
  const contents = start + HEADER_BYTES;
  if (typeof item === 'string') {
    const length = target.write(item, contents);
    return writeHeader(TEXT, length, target, start) + length;
  }
  target.set(item, contents);
  return writeHeader(BINARY, item.byteLength, target, start) + item.byteLength;
}

/** Reads bytes from front to back. */
class Reader {
  readonly #bytes: Buffer;
  #position = 0;

  constructor({ buffer, byteOffset, byteLength }: Uint8Array) {
    this.#bytes = Buffer.from(buffer, byteOffset, byteLength);
  }

  get isAtEnd(): boolean {
    return this.#position === this.#bytes.byteLength;
  }

  transaction(): Transaction {
    if (this.#bytes[this.#position] !== LIST_OF_3) throw broken();
    this.#position += 1;
    return {
      reads: this.#pairs(isVersion),
      conditions: this.#pairs(isValueOrNone),
      writes: this.#pairs(isValueOrNone),
    };
  }

  /** The length that stands in a header of that kind. */
  header(kind: number): number {
    const start = this.#position;
    this.#position = start + HEADER_BYTES;
    if (this.#bytes[start] !== kind || this.#position > this.#bytes.byteLength) throw broken();
    return this.#bytes.readUInt32BE(start + 1);
  }

  #pairs<Second extends Item>(isSecond: (item: Item) => item is Second): [string, Second][] {
    const items = this.header(LIST);
    const pairs: [string, Second][] = [];
    for (let item = 0; item < items; item += 2) {
      const key = this.#item();
      const second = this.#item();
      if (typeof key !== 'string' || !isSecond(second)) throw broken();
      pairs.push([key, second]);
    }
    return pairs;
  }

  #item(): Item {
    const bytes = this.#bytes;
    const kind = bytes[this.#position];
    if (kind === NONE) {
      this.#position += 1;
      return null;
    }
    if (kind === NUMBER) {
      const start = this.#position + 1;
      this.#position = start + NUMBER_BYTES;
      if (this.#position > bytes.byteLength) throw broken();
      return bytes.readDoubleBE(start);
    }
    const length = this.header(kind === BINARY ? BINARY : TEXT);
    const start = this.#position;
    this.#position += length;
    if (this.#position > bytes.byteLength) throw broken();
    return kind === BINARY
      ? new Uint8Array(bytes.buffer, bytes.byteOffset + start, length)
      : bytes.toString('utf8', start, this.#position);
  }
}

function isVersion(item: Item): item is number {
  return typeof item === 'number' && Number.isSafeInteger(item) && item >= 0;
}

function isValueOrNone(item: Item): item is Value | null {
  return typeof item !== 'number';
}

function broken(): BadTransactionError {
  return new BadTransactionError('bytes that are no transaction');
}
