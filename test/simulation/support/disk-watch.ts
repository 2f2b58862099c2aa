import { unpack } from '../../../actors/codec.ts';
import type { JournalKey } from '../../../actors/journal.ts';
import type { MemoryDisk } from '../../../actors/memory-journal.ts';
import { checksumOf } from '../../../actors/simulated/seed.ts';
import type { Ballot } from '../../../machines/paxos/ballot.ts';
import type { Slot } from '../../../machines/paxos/pvalue.ts';
import type { Batch } from '../../../machines/replication/batch.ts';
import { decodeHeader, type StateHeader } from '../../../machines/replication/state-records.ts';

/** What reaches the disk of a node, as it does: in the moment of the flush, or of the crash that it survives. */
export interface DiskWatcher {
  promised?(node: string, ballot: Ballot): void;
  accepted?(node: string, ballot: Ballot, slot: Slot, batch: Batch): void;
  /** The last record of a transaction that brings the replicated state up to a slot. */
  applied?(node: string, header: StateHeader, disk: MemoryDisk): void;
}

/** Calls the watchers for every record that lands on a disk. */
export function watchDisk(node: string, disk: MemoryDisk, watchers: readonly DiskWatcher[]): void {
  const { records } = disk;
  const put = records.put.bind(records);
  records.put = (encoded: string, key: JournalKey, value: Uint8Array) => {
    put(encoded, key, value);
    const [table, second] = key;
    if (table === 'acceptor' && second === 'ballot') {
      const [round, leader] = unpack(value) as [number, string];
      for (const watcher of watchers) watcher.promised?.(node, { round, leader });
    } else if (table === 'accepted') {
      const [slot, round, leader, ...batch] = unpack(value) as [number, number, string, ...Uint8Array[]];
      for (const watcher of watchers) watcher.accepted?.(node, { round, leader }, slot, batch);
    } else if (table === 'state') {
      for (const watcher of watchers) watcher.applied?.(node, decodeHeader(value), disk);
    }
  };
}

/** Tells batches apart. */
export function identityOf(batch: Batch): string {
  return batch.map((chunk) => `${chunk.byteLength}:${checksumOf(chunk)}`).join(' ') || 'no-op';
}
