import type { JournalKey } from '../../../actors/journal.ts';
import type { MemoryDisk } from '../../../actors/memory-journal.ts';
import { checksumOf } from '../../../actors/simulated/seed.ts';
import type { Batch } from '../../../machines/replication/batch.ts';
import type { Look } from './witness.ts';

/**
 * Hears of what reaches the disks of all nodes, as it does: in the moment of the flush, or of the crash that it
 * survives. A disk has the name of its node, and perhaps what it is for; once it was lost it is another one: `2`, then
 * `2~1`, `2~2`; `2~store`, then `2~store~1`.
 */
export interface DiskListener {
  put?(disk: string, key: JournalKey, value: Uint8Array, on: MemoryDisk): void;
  /** `value` is what it was. */
  deleted?(disk: string, key: JournalKey, value: Uint8Array): void;
  lost?(disk: string): void;
}

/** The node whose disk it is. */
export function nodeOfDisk(disk: string): string {
  return disk.split('~')[0]!;
}

/** Has listeners hear of a disk of this name. */
export function watchDisk(
  first: string,
  disk: MemoryDisk,
  listeners: readonly DiskListener[],
  look: Look,
): void {
  let losses = 0;
  let name = first;
  disk.watch({
    put: (key, value) => {
      for (const listener of listeners) look(() => listener.put?.(name, key, value, disk));
    },
    deleted: (key, value) => {
      for (const listener of listeners) look(() => listener.deleted?.(name, key, value));
    },
    erased: () => {
      for (const listener of listeners) look(() => listener.lost?.(name));
      losses += 1;
      name = `${first}~${losses}`;
    },
  });
}

/** Tells batches apart. */
export function identityOf(batch: Batch): string {
  return batch.map((chunk) => `${chunk.byteLength}:${checksumOf(chunk)}`).join(' ') || 'no-op';
}
