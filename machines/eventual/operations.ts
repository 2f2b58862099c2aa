import { plainCopy, wellFormed } from '../replication/plain-data.ts';
import { RECORD_KEY_BYTES_MAX } from '../replication/record-memory.ts';
import {
  isPayload,
  type Packable,
  packable,
  payloadBytes,
  writePayload,
} from '../replication/record-payload.ts';
import { BadOperationError } from './errors.ts';
import { VarintReader, varintBytes, writeVarint } from './varint.ts';

/** A put or, without a value, a delete. */
export interface Operation {
  readonly key: string;
  /** Plain data; undefined deletes the key. */
  readonly value: unknown;
}

/** Longest key, in UTF-8 bytes. */
export const KEY_BYTES_MAX = RECORD_KEY_BYTES_MAX;

/** Largest packed value, in bytes: all that concurrent writes leave of one key share a record. */
export const VALUE_BYTES_MAX = 512 * 1024;

/** What one {@link packOperations} may give: clients split larger lists. */
export const OPERATIONS_BYTES_MAX = 1024 * 1024;

/*
 * One after the other; numbers as in varint.ts:
 *
 *   operation   key bytes | key ... | contents
 *   contents    0 (a delete), or 1 | payload bytes | payload ...
 */
const DELETE = 0;
const PUT = 1;

/** An operation that was checked, and shares nothing with what it was made of. */
export interface PreparedOperation {
  readonly key: string;
  readonly keyBytes: number;
  /** Undefined deletes the key. */
  readonly value: Packable | undefined;
  readonly valueBytes: number;
}

/**
 * Makes ready to pack, perhaps later. @throws BadOperationError for a key or a value that is too large; TypeError for
 * a value that is no plain data.
 */
export function prepareOperation({ key, value }: Operation): PreparedOperation {
  const keyBytes = Buffer.byteLength(wellFormed(key));
  const prepared = value === undefined ? undefined : packable(plainCopy(value));
  const valueBytes = prepared === undefined ? 0 : payloadBytes(prepared);
  checkSizes(keyBytes, valueBytes);
  return { key, keyBytes, value: prepared, valueBytes };
}

/** Packs operations for a `write` message. @throws BadOperationError for more than {@link OPERATIONS_BYTES_MAX}. */
export function packPrepared(operations: readonly PreparedOperation[]): Uint8Array {
  let bytes = 0;
  for (const { keyBytes, value, valueBytes } of operations) {
    bytes +=
      value === undefined ? varintBytes(keyBytes) + keyBytes + 1 : operationBytes(keyBytes, valueBytes);
  }
  if (bytes > OPERATIONS_BYTES_MAX) {
    throw new BadOperationError(`operations of ${bytes} bytes are over ${OPERATIONS_BYTES_MAX}; split them`);
  }
  const target = Buffer.from(new ArrayBuffer(bytes));
  let position = 0;
  for (const { key, keyBytes, value, valueBytes } of operations) {
    position = writeVarint(keyBytes, target, position);
    position += target.write(key, position);
    if (value === undefined) {
      target[position++] = DELETE;
      continue;
    }
    target[position++] = PUT;
    position = writeVarint(valueBytes, target, position);
    writePayload(value, target, position);
    position += valueBytes;
  }
  return new Uint8Array(target.buffer);
}

/** Prepares and packs. @throws as both. */
export function packOperations(operations: readonly Operation[]): Uint8Array {
  return packPrepared(operations.map(prepareOperation));
}

/** How many bytes an operation takes in {@link packOperations}, for those who fill messages. */
export function operationBytes(keyBytes: number, valueBytes: number): number {
  return varintBytes(keyBytes) + keyBytes + 1 + varintBytes(valueBytes) + valueBytes;
}

/** Steps over contents and gives the payload's bytes; undefined for a delete. @throws RangeError when they are none. */
export function skipContents(reader: VarintReader): number | undefined {
  const kind = reader.next();
  if (kind === DELETE) return undefined;
  if (kind !== PUT) throw new RangeError(`there is nothing of kind ${kind}`);
  const payloadBytes = reader.next();
  reader.skip(payloadBytes);
  return payloadBytes;
}

/** Looks through packed operations and counts them. @throws BadOperationError when they are none that may be taken. */
export function countOperations(operations: Uint8Array): number {
  if (operations.byteLength > OPERATIONS_BYTES_MAX) {
    throw new BadOperationError(
      `operations of ${operations.byteLength} bytes are over ${OPERATIONS_BYTES_MAX}`,
    );
  }
  const reader = new VarintReader(operations);
  let count = 0;
  try {
    while (reader.hasMore) {
      const keyBytes = reader.next();
      reader.skip(keyBytes);
      const payloadBytes = skipContents(reader);
      checkSizes(keyBytes, payloadBytes ?? 0);
      if (
        payloadBytes !== undefined &&
        !isPayload(reader.bytes, reader.position - payloadBytes, reader.position)
      ) {
        throw new BadOperationError('a value does not decode');
      }
      count += 1;
    }
  } catch (cause) {
    if (cause instanceof RangeError)
      throw new BadOperationError('the operations do not decode', 'SYNOD_BAD_OPERATION', { cause });
    throw cause;
  }
  return count;
}

/** @throws BadOperationError */
export function checkSizes(keyBytes: number, valueBytes: number): void {
  if (keyBytes > KEY_BYTES_MAX)
    throw new BadOperationError(`a key of ${keyBytes} bytes is over ${KEY_BYTES_MAX}`, 'SYNOD_KEY_TOO_LARGE');
  if (valueBytes > VALUE_BYTES_MAX) {
    throw new BadOperationError(
      `a value of ${valueBytes} bytes is over ${VALUE_BYTES_MAX}`,
      'SYNOD_VALUE_TOO_LARGE',
    );
  }
}
