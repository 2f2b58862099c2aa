import type { JournalRecord } from '../../../machines/two-phase-commit/journal.ts';
import { formatId, type TransactionId } from '../../../machines/two-phase-commit/transaction-id.ts';
import type { GroupDiskListener } from '../protocols/transactions/group-disks.ts';
import { Violation } from '../violation.ts';

/**
 * A client that hears that its transaction is committed hears it of a group whose commit is on disk: its COMMIT record;
 * with presumed commit, that its BEGIN is gone.
 */
export class AnswersRestOnDecisions implements GroupDiskListener {
  readonly #committed = new Set<TransactionId>();
  /** The group of each transaction. */
  readonly #groups = new Map<TransactionId, TransactionId>();

  recorded(_disk: string, { group, kind, count }: JournalRecord): void {
    for (let place = 0; place < count; place++) this.#groups.set(group + place, group);
    if (kind === 'COMMIT') this.#committed.add(group);
  }

  removed(_disk: string, { group, kind }: JournalRecord): void {
    if (kind === 'BEGIN') this.#committed.add(group);
  }

  /** A client has heard that a transaction that writes is committed. */
  told(id: TransactionId): void {
    const group = this.#groups.get(id);
    if (group === undefined || !this.#committed.has(group))
      throw new Violation('answers rest on decisions', `${formatId(id)} is committed, as its client heard`);
  }
}
