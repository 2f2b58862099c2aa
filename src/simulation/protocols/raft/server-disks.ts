import { unpack } from '../../../../actors/codec.ts';
import type { JournalKey } from '../../../../actors/journal.ts';
import type { Configuration } from '../../../../machines/raft/configuration.ts';
import type { Entry, Position } from '../../../../machines/raft/log.ts';
import type { Member } from '../../../../machines/raft/member.ts';
import type { DiskListener } from '../../watch/disk-watch.ts';

/** Hears of what servers write down. */
export interface ServerDiskListener {
  /** Which member the node is. */
  named?(disk: string, member: Member): void;
  /** A term, and the vote in it. */
  voted?(disk: string, term: number, votedFor: string | undefined): void;
  stored?(disk: string, index: number, entry: Entry): void;
  removed?(disk: string, index: number): void;
  /** The log goes on from there. Entries up to it may stay on disk, and mean nothing. */
  based?(disk: string, base: Position): void;
}

type StoredEntry = [index: number, term: number, configuration: Configuration | null, ...batch: Uint8Array[]];

/** Reads the records of servers as they land, or are removed. */
export class ServerDisks implements DiskListener {
  readonly #listeners: readonly ServerDiskListener[];

  constructor(listeners: readonly ServerDiskListener[]) {
    this.#listeners = listeners;
  }

  put(disk: string, [table, second]: JournalKey, value: Uint8Array): void {
    if (table === 'entry') {
      const [index, term, configuration, ...batch] = unpack(value) as StoredEntry;
      const entry: Entry = { term, batch, ...(configuration === null ? {} : { configuration }) };
      for (const listener of this.#listeners) listener.stored?.(disk, index, entry);
    } else if (table === 'raft' && second === 'vote') {
      const [term, votedFor] = unpack(value) as [number, string | null];
      for (const listener of this.#listeners) listener.voted?.(disk, term, votedFor ?? undefined);
    } else if (table === 'raft' && second === 'member') {
      const member = unpack(value) as Member | null;
      if (member !== null) for (const listener of this.#listeners) listener.named?.(disk, member);
    } else if (table === 'raft' && second === 'base') {
      const [index, term] = unpack(value) as [number, number];
      for (const listener of this.#listeners) listener.based?.(disk, { index, term });
    }
  }

  deleted(disk: string, [table]: JournalKey, value: Uint8Array): void {
    if (table !== 'entry') return;
    const [index] = unpack(value) as StoredEntry;
    for (const listener of this.#listeners) listener.removed?.(disk, index);
  }
}
