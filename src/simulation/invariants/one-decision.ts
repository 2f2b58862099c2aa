import type { JournalRecord } from '../../../machines/two-phase-commit/journal.ts';
import type { Decision } from '../../../machines/two-phase-commit/presumption.ts';
import { formatId, type TransactionId } from '../../../machines/two-phase-commit/transaction-id.ts';
import type { GroupDiskListener } from '../protocols/transactions/group-disks.ts';
import { Violation } from '../violation.ts';

/** Atomicity: of a group of transactions all decide the same, whoever decides, and nobody takes it back, in no life. */
export class OneDecision implements GroupDiskListener {
  readonly #decisions = new Map<TransactionId, { readonly decision: string; readonly by: string }>();

  /** How many groups are decided. */
  get groups(): number {
    return this.#decisions.size;
  }

  recorded(disk: string, { group, kind, refused }: JournalRecord): void {
    if (kind === 'COMMIT' || kind === 'ABORT')
      this.decided(`the disk of ${disk}`, group, { commits: kind === 'COMMIT', refused });
  }

  /** Somebody goes by a decision that it was told; one of its own counts once it is on disk. */
  decided(by: string, group: TransactionId, { commits, refused }: Decision): void {
    const decision = commits ? `commits but for [${refused}]` : 'aborts';
    const known = this.#decisions.get(group);
    if (known === undefined) this.#decisions.set(group, { decision, by });
    else if (known.decision !== decision) {
      throw new Violation(
        'one decision',
        `group ${formatId(group)}: ${known.by} ${known.decision}, ${by} ${decision}`,
      );
    }
  }

  isDecided(group: TransactionId): boolean {
    return this.#decisions.has(group);
  }
}
