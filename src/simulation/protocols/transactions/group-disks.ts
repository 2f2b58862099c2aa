import { unpack } from '../../../../actors/codec.ts';
import type { JournalKey } from '../../../../actors/journal.ts';
import type { RecordKind } from '../../../../machines/two-phase-commit/client-messages.ts';
import type { JournalRecord } from '../../../../machines/two-phase-commit/journal.ts';
import type { TransactionId } from '../../../../machines/two-phase-commit/transaction-id.ts';
import type { DiskListener } from '../../watch/disk-watch.ts';

/** Hears of what leaders and followers write down of groups of transactions. */
export interface GroupDiskListener {
  recorded?(disk: string, record: JournalRecord): void;
  removed?(disk: string, record: JournalRecord): void;
  lost?(disk: string): void;
}

/** Reads the records of groups as they land. */
export class GroupDisks implements DiskListener {
  readonly #listeners: readonly GroupDiskListener[];

  constructor(listeners: readonly GroupDiskListener[]) {
    this.#listeners = listeners;
  }

  put(disk: string, key: JournalKey, value: Uint8Array): void {
    if (key[0] !== 'group') return;
    for (const listener of this.#listeners) listener.recorded?.(disk, recordIn(key, value));
  }

  deleted(disk: string, key: JournalKey, value: Uint8Array): void {
    if (key[0] !== 'group') return;
    for (const listener of this.#listeners) listener.removed?.(disk, recordIn(key, value));
  }

  lost(disk: string): void {
    for (const listener of this.#listeners) listener.lost?.(disk);
  }
}

function recordIn([, group]: JournalKey, value: Uint8Array): JournalRecord {
  const [kind, count, participants, refused, transactions] = unpack(value) as [
    RecordKind,
    number,
    string[],
    number[],
    Uint8Array,
  ];
  return { group: group as TransactionId, kind, count, participants, refused, transactions };
}
