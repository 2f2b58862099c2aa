import { unpack } from '../../../actors/codec.ts';
import type { JournalKey } from '../../../actors/journal.ts';
import { encodeKey } from '../../../actors/journal-key.ts';
import type { MemoryDisk } from '../../../actors/memory-journal.ts';
import { checksumOf } from '../../../actors/simulated/seed.ts';
import { type Ballot, compareBallots } from '../../../machines/paxos/ballot.ts';
import type { Pvalue, Slot } from '../../../machines/paxos/pvalue.ts';
import type { Configuration } from '../../../machines/raft/configuration.ts';
import type { Entry, Position } from '../../../machines/raft/log.ts';
import type { Member } from '../../../machines/raft/member.ts';
import type { Batch } from '../../../machines/replication/batch.ts';
import { decodeHeader, type StateHeader } from '../../../machines/replication/state-records.ts';

/**
 * What reaches the disk of a node, as it does: in the moment of the flush, or of the crash that it survives. A disk
 * that was lost is another one from then on: `2`, then `2~1`, `2~2`.
 */
export interface DiskWatcher {
  /** The disk is lost. */
  lost?(node: string): void;
  /** Multi-Paxos. */
  promised?(node: string, ballot: Ballot): void;
  /** What an acceptor that recovers was told by others it has accepted only if it follows that ballot. */
  accepted?(node: string, ballot: Ballot, slot: Slot, batch: Batch, lives: Lives): void;
  /** Raft: which member the node is. */
  named?(node: string, member: Member): void;
  /** Raft: a term, and the vote in it. */
  voted?(node: string, term: number, votedFor: string | undefined): void;
  stored?(node: string, index: number, entry: Entry): void;
  removed?(node: string, index: number): void;
  /** The log goes on from there. Entries up to it may stay on disk, and mean nothing. */
  based?(node: string, base: Position): void;
  /** The last record of a transaction that brings the replicated state up to a slot. */
  applied?(node: string, header: StateHeader, disk: MemoryDisk): void;
}

/** The life of an acceptor, and what it knew of those of others. */
export interface Lives {
  readonly life: number;
  readonly others: ReadonlyMap<string, number>;
}

/** The node whose disk it is. */
export function nodeOfDisk(disk: string): string {
  return disk.split('~')[0]!;
}

const ENTRY = encodeKey(['entry']);

/** Calls `tell` for every record that lands on a disk, or leaves it, with what to tell each watcher. */
export function watchDisk(
  node: string,
  disk: MemoryDisk,
  tell: (news: (watcher: DiskWatcher) => void) => void,
): void {
  const { records } = disk;
  const born = () => ({ lives: { life: 0, others: new Map() }, promised: undefined, recollected: [] });
  const watched: Watched = { disk, name: node, ...born() };
  let losses = 0;
  const erase = disk.erase.bind(disk);
  disk.erase = () => {
    erase();
    tell((watcher) => watcher.lost?.(watched.name));
    losses += 1;
    watched.name = `${node}~${losses}`;
    Object.assign(watched, born());
  };
  const put = records.put.bind(records);
  const remove = records.delete.bind(records);
  records.put = (encoded: string, key: JournalKey, value: Uint8Array) => {
    put(encoded, key, value);
    const news = newsOf(key, value, watched);
    if (news !== undefined) tell((watcher) => news(watcher, watched.name));
  };
  records.delete = (encoded: string) => {
    const value = encoded.startsWith(ENTRY) ? records.get(encoded) : undefined;
    remove(encoded);
    if (value === undefined) return;
    const [index] = unpack(value) as [number];
    tell((watcher) => watcher.removed?.(watched.name, index));
  };
}

interface Watched {
  readonly disk: MemoryDisk;
  name: string;
  /** Undefined while an acceptor recovers. */
  lives: Lives | undefined;
  promised: Ballot | undefined;
  recollected: Pvalue[];
}

type News = (watcher: DiskWatcher, node: string) => void;

function newsOf([table, second]: JournalKey, value: Uint8Array, watched: Watched): News | undefined {
  switch (table) {
    case 'acceptor': {
      if (second === 'lives') {
        const [life, ...others] = unpack(value) as [number | null, ...[string, number][]];
        if (life === null) {
          watched.lives = undefined;
          return undefined;
        }
        const lives = { life, others: new Map(others) };
        watched.lives = lives;
        const recollected = watched.recollected.splice(0);
        return (watcher, node) => {
          for (const { ballot, slot, batch } of recollected)
            watcher.accepted?.(node, ballot, slot, batch, lives);
        };
      }
      if (second !== 'ballot') return undefined;
      const [round, leader] = unpack(value) as [number, string];
      watched.promised = { round, leader };
      return (watcher, node) => watcher.promised?.(node, { round, leader });
    }
    case 'accepted': {
      const [slot, round, leader, ...batch] = unpack(value) as [number, number, string, ...Uint8Array[]];
      const ballot: Ballot = { round, leader };
      const { lives, promised, recollected } = watched;
      if (lives !== undefined) return (watcher, node) => watcher.accepted?.(node, ballot, slot, batch, lives);
      if (promised !== undefined && compareBallots(ballot, promised) === 0)
        recollected.push({ ballot, slot, batch });
      return undefined;
    }
    case 'raft': {
      if (second === 'vote') {
        const [term, votedFor] = unpack(value) as [number, string | null];
        return (watcher, node) => watcher.voted?.(node, term, votedFor ?? undefined);
      }
      if (second === 'member') {
        const member = unpack(value) as Member | null;
        return member === null ? undefined : (watcher, node) => watcher.named?.(node, member);
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
      return (watcher, node) => watcher.applied?.(node, decodeHeader(value), watched.disk);
    default:
      return undefined;
  }
}

/** Tells batches apart. */
export function identityOf(batch: Batch): string {
  return batch.map((chunk) => `${chunk.byteLength}:${checksumOf(chunk)}`).join(' ') || 'no-op';
}
