import { crc32 } from 'node:zlib';
import type { JournalWrite } from '../journal.ts';
import { KEY_BYTES_MAX, keyBytesMax, writeKey } from './key-bytes.ts';
import { RecordTooLargeError } from './thread-errors.ts';

/** A record's payload, at most: LMDB's binding hands out larger ones as windows into the file, which a dying thread cannot hold. */
export const RECORD_BYTES_MAX = 16 * 1024 * 1024 - 1024;

/** What follows every payload on disk: the CRC-32 of key and payload, little-endian. */
const CHECKSUM_BYTES = 4;

const PUT = 1;
const DELETE = 2;
const CLEAR = 3;

/*
 * A transaction on its way to the disk thread is one run of bytes: whether it clears anything, then write after
 * write. A record is the last two parts of a put, as it stands here and on disk.
 *
 *   | clears 1 |
 *   | operation 1 | key bytes 2 | record bytes 4 | key ... | payload ... | checksum 4 |
 */
const START_BYTES = 1;
const HEADER_BYTES = 7;

/** One write of a transaction that was packed. `key` and `record` are views. */
export type PackedWrite =
  | { readonly operation: 'put'; readonly key: Uint8Array; readonly record: Uint8Array }
  | { readonly operation: 'delete'; readonly key: Uint8Array }
  | { readonly operation: 'clear'; readonly key: Uint8Array };

/** Where transactions are packed before they are copied, since only then their size is known; as large as the largest lately. */
let scratch = Buffer.alloc(0);
/** A larger one is not kept. */
const SCRATCH_BYTES_MAX = 1024 * 1024;

/** Packs a transaction into bytes of its own. @throws RecordTooLargeError, or RangeError for a bad key. */
export function packTransaction(writes: readonly JournalWrite[]): Uint8Array<ArrayBuffer> {
  let position = START_BYTES;
  let clears = false;
  for (const write of writes) {
    const key = 'clear' in write ? write.clear : write.key;
    const value = 'clear' in write ? undefined : write.value;
    const valueBytes = value?.byteLength ?? 0;
    if (valueBytes > RECORD_BYTES_MAX) throw new RecordTooLargeError('record', valueBytes, RECORD_BYTES_MAX);
    clears ||= 'clear' in write;
    reserve(position, HEADER_BYTES + keyBytesMax(key) + valueBytes + CHECKSUM_BYTES);
    const keyStart = position + HEADER_BYTES;
    const keyEnd = writeKey(key, scratch, keyStart);
    if (keyEnd - keyStart > KEY_BYTES_MAX) {
      throw new RecordTooLargeError('key', keyEnd - keyStart, KEY_BYTES_MAX);
    }
    scratch[position] = 'clear' in write ? CLEAR : value === undefined ? DELETE : PUT;
    scratch.writeUInt16LE(keyEnd - keyStart, position + 1);
    scratch.writeUInt32LE(value === undefined ? 0 : valueBytes + CHECKSUM_BYTES, position + 3);
    position = keyEnd;
    if (value !== undefined) {
      scratch.set(value, position);
      position += valueBytes;
      position = scratch.writeUInt32LE(crc32(scratch.subarray(keyStart, position)), position);
    }
  }
  reserve(0, START_BYTES);
  scratch[0] = clears ? 1 : 0;
  // Not from the pool: these bytes are transferred.
  const bytes = Buffer.allocUnsafeSlow(position);
  bytes.set(scratch.subarray(0, position));
  if (scratch.byteLength > SCRATCH_BYTES_MAX) scratch = Buffer.alloc(0);
  return bytes;
}

/** Makes room for so many more bytes. */
function reserve(used: number, more: number): void {
  if (used + more <= scratch.byteLength) return;
  const larger = Buffer.allocUnsafeSlow(2 * (used + more));
  larger.set(scratch.subarray(0, used));
  scratch = larger;
}

/** The writes of a packed transaction, in order. It comes from our own process, so its form is not in doubt. */
export function* unpackTransaction(bytes: Uint8Array): IterableIterator<PackedWrite> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let position = START_BYTES;
  while (position < bytes.byteLength) {
    const operation = bytes[position];
    const keyStart = position + HEADER_BYTES;
    const recordStart = keyStart + view.getUint16(position + 1, true);
    const recordEnd = recordStart + view.getUint32(position + 3, true);
    const key = bytes.subarray(keyStart, recordStart);
    if (operation === PUT) yield { operation: 'put', key, record: bytes.subarray(recordStart, recordEnd) };
    else yield { operation: operation === CLEAR ? 'clear' : 'delete', key };
    position = recordEnd;
  }
}

/** Whether a packed transaction clears a prefix. */
export function holdsClear(bytes: Uint8Array): boolean {
  return bytes[0] === 1;
}

/** Whether a packed transaction puts any record. */
export function putsAnything(bytes: Uint8Array): boolean {
  for (const { operation } of unpackTransaction(bytes)) if (operation === 'put') return true;
  return false;
}

/** A record as it stands on disk: the payload, and the checksum of it and its key. */
export function recordOf(key: Uint8Array, payload: Uint8Array): Buffer {
  const record = Buffer.alloc(payload.byteLength + CHECKSUM_BYTES);
  record.set(payload);
  record.writeUInt32LE(crc32(payload, crc32(key)), payload.byteLength);
  return record;
}

/** The payload of a record, a view; undefined when the checksum does not match the key and the payload. */
export function payloadOf(key: Uint8Array, record: Uint8Array): Uint8Array | undefined {
  const size = record.byteLength - CHECKSUM_BYTES;
  if (size < 0) return undefined;
  const payload = record.subarray(0, size);
  const checksum = new DataView(record.buffer, record.byteOffset + size, CHECKSUM_BYTES).getUint32(0, true);
  return crc32(payload, crc32(key)) === checksum ? payload : undefined;
}
