import type { JournalPage, JournalRequest, RecordLine } from './client-messages.ts';
import { unpackGroup } from './group.ts';
import type { GroupJournal, JournalRecord } from './journal.ts';

/** What a line costs in a message beside what it writes. A rough figure. */
const LINE_BYTES = 32;

/** The records from one group on, transaction by transaction, in about so many bytes or one record. */
export function journalPage(
  journal: GroupJournal,
  { id, start }: JournalRequest,
  bytesMax: number,
): JournalPage {
  const records: RecordLine[] = [];
  let bytes = 0;
  let last = -1;
  for (const record of journal.iterate(start)) {
    // The records of a group stay together.
    if (bytes > bytesMax && record.group !== last) {
      return { type: 'journalPage', id, records, next: record.group };
    }
    records.push(...linesOf(record));
    bytes += record.transactions.byteLength + LINE_BYTES * Math.max(1, record.count);
    last = record.group;
  }
  return { type: 'journalPage', id, records, next: null };
}

function* linesOf({ group, kind, count, refused, transactions }: JournalRecord): Iterable<RecordLine> {
  const refusals = new Set(refused);
  const contents = kind === 'READY' ? unpackGroup(transactions) : [];
  for (let place = 0; place < Math.max(1, count); place++) {
    const transaction = group + place;
    if (!refusals.has(place)) yield { transaction, record: kind, writes: contents[place]?.writes ?? [] };
    // Those that it voted against are no part of what it is ready for; those that were decided have aborted.
    else if (kind === 'COMMIT') yield { transaction, record: 'ABORT', writes: [] };
  }
}
