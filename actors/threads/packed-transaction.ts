import type { JournalKey, JournalWrite } from '../journal.ts';
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

/** Where transactions are packed before they are copied, since only then their size is known; as large as the largest lately. */
let scratch = Buffer.alloc(0);
/** A larger one is not kept. */
const SCRATCH_BYTES_MAX = 1024 * 1024;

/** Packs a transaction into bytes of its own. @throws RecordTooLargeError, or RangeError for a bad key. */
export function packTransaction(writes: readonly JournalWrite[]): Uint8Array<ArrayBuffer> {
  let position = START_BYTES;
  let clears = false;
  for (const write of writes) {
    if ('packed' in write) {
      reserve(position, write.packed.byteLength);
      scratch.set(write.packed, position);
      position += write.packed.byteLength;
    } else if ('clear' in write) {
      clears = true;
      const keyEnd = packKey(write.clear, position, 0);
      position = completeClear(scratch, position, keyEnd);
    } else if (write.value === undefined) {
      const keyEnd = packKey(write.key, position, 0);
      position = completeDelete(scratch, position, keyEnd);
    } else {
      const keyEnd = packKey(write.key, position, write.value.byteLength + CHECKSUM_BYTES);
      scratch.set(write.value, keyEnd);
      position = completePut(scratch, position, keyEnd, keyEnd + write.value.byteLength);
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

/** Writes the key of a write that starts at `position`; there is room for the rest of it, too. */
function packKey(key: JournalKey, position: number, recordBytes: number): number {
  reserve(position, WRITE_HEADER_BYTES + keyBytesMax(key) + recordBytes);
  return writeKey(key, scratch, position + WRITE_HEADER_BYTES);
}

/** Makes room for so many more bytes. */
function reserve(used: number, more: number): void {
  if (used + more <= scratch.byteLength) return;
  const larger = Buffer.allocUnsafeSlow(2 * (used + more));
  larger.set(scratch.subarray(0, used));
  scratch = larger;
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
