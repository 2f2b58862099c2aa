import type { JournalWrite } from '../../actors/journal.ts';
import { append, type Entry, lastIndex, type Position, termAt, truncate } from './log.ts';
import { entryRecord, LOG_ENTRIES_MAX, truncationRecords } from './records.ts';
import type { ServerContext } from './server-context.ts';

/**
 * Puts entries after the index `previous`, where the log matches theirs: what stands there of another term is not
 * committed, nor is what follows it, and both go (thesis, section 3.5). What must be written for it.
 */
export function placeEntries(
  context: ServerContext,
  previous: number,
  entries: readonly Entry[],
): JournalWrite[] {
  const { log, commit } = context;
  const writes: JournalWrite[] = [];
  entries.forEach((entry, place) => {
    const index = previous + 1 + place;
    if (index <= log.base.index) return;
    const term = termAt(log, index);
    if (term === entry.term) return;
    if (term !== undefined) {
      if (index <= commit) throw new Error(`entry ${index} is committed, and should be replaced`);
      writes.push(...truncationRecords(index, lastIndex(log)));
      truncate(log, index);
    }
    append(log, entry);
    writes.push(entryRecord(index, entry));
  });
  return writes;
}

/** Whether the log, and the ring of its records, can take these entries before more of it is compacted. */
export function hasRoom(
  { log, settings }: ServerContext,
  { previous, entries }: { readonly previous: Position; readonly entries: readonly Entry[] },
): boolean {
  return (
    previous.index + entries.length < log.base.index + LOG_ENTRIES_MAX && log.bytes < settings.logBytesMax
  );
}
