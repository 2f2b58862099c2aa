import type { JournalKey } from '../../../../actors/journal.ts';
import type { MemoryDisk } from '../../../../actors/memory-journal.ts';
import { decodeHeader, type StateHeader } from '../../../../machines/replication/state-records.ts';
import type { DiskListener } from '../../watch/disk-watch.ts';

/** Hears of what replicas write behind. */
export interface StateDiskListener {
  /** The last record of a transaction that brings the replicated state up to a slot. */
  applied(disk: string, header: StateHeader, on: MemoryDisk): void;
}

/** Reads the headers of replicated states as they land. */
export class StateDisks implements DiskListener {
  readonly #listeners: readonly StateDiskListener[];

  constructor(listeners: readonly StateDiskListener[]) {
    this.#listeners = listeners;
  }

  put(disk: string, [table]: JournalKey, value: Uint8Array, on: MemoryDisk): void {
    if (table !== 'state') return;
    for (const listener of this.#listeners) listener.applied(disk, decodeHeader(value), on);
  }
}
