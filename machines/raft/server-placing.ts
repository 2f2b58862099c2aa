import type { JournalWrite } from '../../actors/journal.ts';
import { append, type Entry, lastIndex, termAt, truncate } from './log.ts';
import { entryRecord, LOG_ENTRIES_MAX, truncationRecords } from './records.ts';
import type { ServerContext } from './server-context.ts';

/** What became of entries that were to be placed. */
export interface Placed {
  readonly writes: readonly JournalWrite[];
  /** The log is theirs up to here: the last of them, or the one before the first that found no room. */
  readonly match: number;
}

/**
 * Puts entries after the index `previous`, where the log matches theirs: what stands there of another term is not
 * committed, nor is what follows it, and both go (thesis, section 3.5). Without room for more it takes what it can: how
 * far the log is theirs must be known all the same, for what is committed so leaves it, and makes room.
 */
export function placeEntries(context: ServerContext, previous: number, entries: readonly Entry[]): Placed {
  const { log, commit } = context;
  const writes: JournalWrite[] = [];
  let match = previous;
  for (const entry of entries) {
    const index = match + 1;
    const term = index <= log.base.index ? entry.term : termAt(log, index);
    if (term !== entry.term) {
      if (term !== undefined) {
        if (index <= commit) throw new Error(`entry ${index} is committed, and should be replaced`);
        writes.push(...truncationRecords(index, lastIndex(log)));
        truncate(log, index);
      }
      if (!hasRoomFor(context, entry)) break;
      append(log, entry);
      writes.push(entryRecord(index, entry));
    }
    match = index;
  }
  return { writes, match };
}

/**
 * Whether the log, and the ring of its records, can take an entry before more of it is compacted. One without commands
 * always finds room beside the bytes of the others: when all have restarted with full logs, nobody knows what is committed
 * until an entry of the new term is, and that is a no-op.
 */
function hasRoomFor({ log, settings }: ServerContext, { batch }: Entry): boolean {
  const hasCommands = batch.length > 0;
  return (
    lastIndex(log) + 1 < log.base.index + LOG_ENTRIES_MAX &&
    (!hasCommands || log.bytes < settings.logBytesMax)
  );
}
