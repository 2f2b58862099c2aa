import type { JournalWrite } from '../journal.ts';
import { keyBytesMax, writeKey } from '../key-bytes.ts';
import {
  CHECKSUM_BYTES,
  completeClear,
  completeDelete,
  completePut,
  WRITE_HEADER_BYTES,
} from '../packed-writes.ts';

/** Packs a transaction, for its way to the disk thread, as one run of writes in bytes of its own. @throws RecordTooLargeError, or RangeError for a bad key. */
export function packTransaction(writes: readonly JournalWrite[]): Uint8Array<ArrayBuffer> {
  // Not from the pool: these bytes are transferred.
  const bytes = Buffer.allocUnsafeSlow(writes.reduce((sum, write) => sum + bytesMaxOf(write), 0));
  let position = 0;
  for (const write of writes) {
    if ('packed' in write) {
      bytes.set(write.packed, position);
      position += write.packed.byteLength;
    } else if ('clear' in write) {
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
  return bytes.subarray(0, position);
}

/** As many bytes as a write takes, or more. */
function bytesMaxOf(write: JournalWrite): number {
  if ('packed' in write) return write.packed.byteLength;
  if ('clear' in write) return WRITE_HEADER_BYTES + keyBytesMax(write.clear);
  return WRITE_HEADER_BYTES + keyBytesMax(write.key) + (write.value?.byteLength ?? 0) + CHECKSUM_BYTES;
}
