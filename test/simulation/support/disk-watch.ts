import { unpack } from '../../../actors/codec.ts';
import type { JournalKey } from '../../../actors/journal.ts';
import { encodeKey } from '../../../actors/journal-key.ts';
import type { MemoryDisk } from '../../../actors/memory-journal.ts';
import { checksumOf } from '../../../actors/simulated/seed.ts';
import type { Ballot } from '../../../machines/paxos/ballot.ts';
import type { Slot } from '../../../machines/paxos/pvalue.ts';
import type { Configuration } from '../../../machines/raft/configuration.ts';
import type { Entry, Position } from '../../../machines/raft/log.ts';
import type { Batch } from '../../../machines/replication/batch.ts';
import { decodeHeader, type StateHeader } from '../../../machines/replication/state-records.ts';

/** What reaches the disk of a node, as it does: in the moment of the flush, or of the crash that it survives. */
export interface DiskWatcher {
  /** Multi-Paxos. */
  promised?(node: string, ballot: Ballot): void;
  accepted?(node: string, ballot: Ballot, slot: Slot, batch: Batch): void;
  /** Raft: a term, and the vote in it. */
  voted?(node: string, term: number, votedFor: string | undefined): void;
  stored?(node: string, index: number, entry: Entry): void;
  removed?(node: string, index: number): void;
  /** The log goes on from there. Entries up to it may stay on disk, and mean nothing. */
  based?(node: string, base: Position): void;
  /** The last record of a transaction that brings the replicated state up to a slot. */
  applied?(node: string, header: StateHeader, disk: MemoryDisk): void;
}

const ENTRY = encodeKey(['entry']);

/** Calls `tell` for every record that lands on a disk, or leaves it, with what to tell each watcher. */
export function watchDisk(
  node: string,
  disk: MemoryDisk,
  tell: (news: (watcher: DiskWatcher) => void) => void,
): void {
  const { records } = disk;
  const put = records.put.bind(records);
  const remove = records.delete.bind(records);
  records.put = (encoded: string, key: JournalKey, value: Uint8Array) => {
    put(encoded, key, value);
    const news = newsOf(key, value, disk);
    if (news !== undefined) tell((watcher) => news(watcher, node));
  };
  records.delete = (encoded: string) => {
    const value = encoded.startsWith(ENTRY) ? records.get(encoded) : undefined;
    remove(encoded);
    if (value === undefined) return;
    const [index] = unpack(value) as [number];
    tell((watcher) => watcher.removed?.(node, index));
  };
}

type News = (watcher: DiskWatcher, node: string) => void;

function newsOf([table, second]: JournalKey, value: Uint8Array, disk: MemoryDisk): News | undefined {
  switch (table) {
    case 'acceptor': {
      if (second !== 'ballot') return undefined;
      const [round, leader] = unpack(value) as [number, string];
      return (watcher, node) => watcher.promised?.(node, { round, leader });
    }
    case 'accepted': {
      const [slot, round, leader, ...batch] = unpack(value) as [number, number, string, ...Uint8Array[]];
      return (watcher, node) => watcher.accepted?.(node, { round, leader }, slot, batch);
    }
    case 'raft': {
      if (second === 'vote') {
        const [term, votedFor] = unpack(value) as [number, string | null];
        return (watcher, node) => watcher.voted?.(node, term, votedFor ?? undefined);
      }
      if (second !== 'base') return undefined;
      const [index, term] = unpack(value) as [number, number];
      return (watcher, node) => watcher.based?.(node, { index, term });
    }
    case 'entry': {
      const [index, term, configuration, ...batch] = unpack(value) as [
        number,
        number,
        Configuration | null,
        ...Uint8Array[],
      ];
      const entry: Entry = { term, batch, ...(configuration === null ? {} : { configuration }) };
      return (watcher, node) => watcher.stored?.(node, index, entry);
    }
    case 'state':
      return (watcher, node) => watcher.applied?.(node, decodeHeader(value), disk);
    default:
      return undefined;
  }
}

/** Tells batches apart. */
export function identityOf(batch: Batch): string {
  return batch.map((chunk) => `${chunk.byteLength}:${checksumOf(chunk)}`).join(' ') || 'no-op';
}
