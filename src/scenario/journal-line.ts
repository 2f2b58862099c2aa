import type { RecordLine } from '../../machines/two-phase-commit/client-messages.ts';
import type { Value } from '../../machines/two-phase-commit/transaction.ts';
import { formatId } from '../../machines/two-phase-commit/transaction-id.ts';

/** A transaction in a record of a journal, as scripts and the shell print it: `<transaction> <RECORD> [key value ...]`. */
export function journalLine({ transaction, record, writes }: RecordLine): string {
  const parts = writes.map(([key, value]) => `${key} ${textOf(value)}`);
  return [formatId(transaction), record, ...parts].join(' ');
}

function textOf(value: Value | null): string {
  if (value === null) return 'None';
  return typeof value === 'string' ? value : `<${value.byteLength} bytes>`;
}
