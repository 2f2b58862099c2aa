import { crc32 } from 'node:zlib';
import { RecordTooLargeError } from './errors.ts';
import { KEY_BYTES_MAX } from './key-bytes.ts';

/** A record's payload, at most: LMDB's binding hands out larger ones as windows into the file, which a dying thread cannot hold. */
export const RECORD_BYTES_MAX = 16 * 1024 * 1024 - 1024;

/** What follows every payload on disk: the CRC-32 of key and payload, little-endian. */
export const CHECKSUM_BYTES = 4;

const PUT = 1;
const DELETE = 2;
const CLEAR = 3;

/*
 * Writes on their way to the disk are one run of bytes, write after write. A record is the last two parts of a
 * put, as it stands here and on disk.
 *
 *   | operation 1 | key bytes 2 | record bytes 4 | key ... | payload ... | checksum 4 |
 */
export const WRITE_HEADER_BYTES = 7;

/** One write of a run. `key` and `record` are views. */
export type PackedWrite =
  | { readonly operation: 'put'; readonly key: Uint8Array; readonly record: Uint8Array }
  | { readonly operation: 'delete'; readonly key: Uint8Array }
  | { readonly operation: 'clear'; readonly key: Uint8Array };

/**
 * Makes a put of a key and a payload that stand in `target` already, behind the room for its header. Gives where it
 * ends: four bytes after the payload. @throws RecordTooLargeError
 */
export function completePut(target: Buffer, start: number, keyEnd: number, payloadEnd: number): number {
  const payloadBytes = payloadEnd - keyEnd;
  if (payloadBytes > RECORD_BYTES_MAX)
    throw new RecordTooLargeError('record', payloadBytes, RECORD_BYTES_MAX);
  complete(target, start, PUT, keyEnd, payloadBytes + CHECKSUM_BYTES);
  return target.writeUInt32LE(crc32(target.subarray(start + WRITE_HEADER_BYTES, payloadEnd)), payloadEnd);
}

/** The same for what has a key alone. */
export function completeDelete(target: Buffer, start: number, keyEnd: number): number {
  return complete(target, start, DELETE, keyEnd, 0);
}

/** The same; the key is the prefix of those that are cleared. */
export function completeClear(target: Buffer, start: number, keyEnd: number): number {
  return complete(target, start, CLEAR, keyEnd, 0);
}

function complete(
  target: Buffer,
  start: number,
  operation: number,
  keyEnd: number,
  recordBytes: number,
): number {
  const keyBytes = keyEnd - start - WRITE_HEADER_BYTES;
  if (keyBytes > KEY_BYTES_MAX) throw new RecordTooLargeError('key', keyBytes, KEY_BYTES_MAX);
  target[start] = operation;
  target.writeUInt16LE(keyBytes, start + 1);
  target.writeUInt32LE(recordBytes, start + 3);
  return keyEnd;
}

/** The writes of a run, in order. It comes from our own process, so its form is not in doubt. */
export function* unpackWrites(bytes: Uint8Array): IterableIterator<PackedWrite> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let position = 0;
  while (position < bytes.byteLength) {
    const operation = bytes[position];
    const keyStart = position + WRITE_HEADER_BYTES;
    const recordStart = keyStart + view.getUint16(position + 1, true);
    const recordEnd = recordStart + view.getUint32(position + 3, true);
    const key = bytes.subarray(keyStart, recordStart);
    if (operation === PUT) yield { operation: 'put', key, record: bytes.subarray(recordStart, recordEnd) };
    else yield { operation: operation === CLEAR ? 'clear' : 'delete', key };
    position = recordEnd;
  }
}

/** Whether a run puts any record. */
export function putsAnything(bytes: Uint8Array): boolean {
  for (const { operation } of unpackWrites(bytes)) if (operation === 'put') return true;
  return false;
}

/** The payload of a record, a view; undefined when the checksum does not match the key and the payload. */
export function payloadOf(key: Uint8Array, record: Uint8Array): Uint8Array | undefined {
  const size = record.byteLength - CHECKSUM_BYTES;
  if (size < 0) return undefined;
  const payload = record.subarray(0, size);
  const checksum = new DataView(record.buffer, record.byteOffset + size, CHECKSUM_BYTES).getUint32(0, true);
  return crc32(payload, crc32(key)) === checksum ? payload : undefined;
}

/** A record as it stands on disk: the payload, and the checksum of it and its key. */
export function recordOf(key: Uint8Array, payload: Uint8Array): Buffer {
  const record = Buffer.alloc(payload.byteLength + CHECKSUM_BYTES);
  record.set(payload);
  record.writeUInt32LE(crc32(payload, crc32(key)), payload.byteLength);
  return record;
}
