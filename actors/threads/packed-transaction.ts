import type { JournalWrite } from '../journal.ts';
import { keyBytesMax, writeKey } from '../key-bytes.ts';
import {
  CHECKSUM_BYTES,
  completeClear,
  completeDelete,
  completePut,
  type PackedWrite,
  unpackWrites,
  WRITE_HEADER_BYTES,
} from '../packed-writes.ts';

/*
 * A transaction on its way to the disk thread: whether it clears anything, then its writes as one run.
 *
 *   | clears 1 | writes ... |
 */
const START_BYTES = 1;

/** Packs a transaction into bytes of its own. @throws RecordTooLargeError, or RangeError for a bad key. */
export function packTransaction(writes: readonly JournalWrite[]): Uint8Array<ArrayBuffer> {
  // Not from the pool: these bytes are transferred.
  const bytes = Buffer.allocUnsafeSlow(writes.reduce((sum, write) => sum + bytesMaxOf(write), START_BYTES));
  let position = START_BYTES;
  let clears = false;
  for (const write of writes) {
    if ('packed' in write) {
      bytes.set(write.packed, position);
      position += write.packed.byteLength;
    } else if ('clear' in write) {
      clears = true;
      position = completeClear(bytes, position, writeKey(write.clear, bytes, position + WRITE_HEADER_BYTES));
    } else {
      const keyEnd = writeKey(write.key, bytes, position + WRITE_HEADER_BYTES);
      if (write.value === undefined) {
        position = completeDelete(bytes, position, keyEnd);
      } else {
        bytes.set(write.value, keyEnd);
        position = completePut(bytes, position, keyEnd, keyEnd + write.value.byteLength);
      }
    }
  }
  bytes[0] = clears ? 1 : 0;
  return bytes.subarray(0, position);
}

/** As many bytes as a write takes, or more. */
function bytesMaxOf(write: JournalWrite): number {
  if ('packed' in write) return write.packed.byteLength;
  if ('clear' in write) return WRITE_HEADER_BYTES + keyBytesMax(write.clear);
  return WRITE_HEADER_BYTES + keyBytesMax(write.key) + (write.value?.byteLength ?? 0) + CHECKSUM_BYTES;
}

/** The writes of a packed transaction, in order. */
export function unpackTransaction(bytes: Uint8Array): IterableIterator<PackedWrite> {
  return unpackWrites(bytes, START_BYTES);
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
