import type { Decision } from '../../../../machines/two-phase-commit/presumption.ts';
import type { Transaction, Value } from '../../../../machines/two-phase-commit/transaction.ts';
import { formatId, type TransactionId } from '../../../../machines/two-phase-commit/transaction-id.ts';
import { Violation } from '../../../../src/simulation/violation.ts';

/** What was decided, and what was applied, by whomever it was: nobody may contradict another, or itself. */
export class CommitHistory {
  readonly #decisions = new Map<TransactionId, { readonly decision: string; readonly by: string }>();
  /** What was applied anywhere, by id. */
  readonly applied = new Map<TransactionId, Transaction>();

  decided(node: string, group: TransactionId, { commits, refused }: Decision): void {
    const decision = commits ? `commits but for [${refused}]` : 'aborts';
    const known = this.#decisions.get(group);
    if (known === undefined) this.#decisions.set(group, { decision, by: node });
    else if (known.decision !== decision) {
      throw new Violation(
        'one decision',
        `group ${formatId(group)}: ${known.by} ${known.decision}, ${node} ${decision}`,
      );
    }
  }

  isDecided(group: TransactionId): boolean {
    return this.#decisions.has(group);
  }

  wrote(group: TransactionId, contents: readonly Transaction[], { commits, refused }: Decision): void {
    if (!commits) return;
    contents.forEach((transaction, place) => {
      if (!refused.includes(place)) this.applied.set(group + place, transaction);
    });
  }

  /** What the stores must hold: every transaction that was applied, in the order of the ids. */
  state(): Map<string, readonly [TransactionId, Value]> {
    const state = new Map<string, readonly [TransactionId, Value]>();
    for (const [id, { writes }] of [...this.applied].sort(([a], [b]) => a - b)) {
      for (const [key, value] of writes) {
        if (value === null) state.delete(key);
        else state.set(key, [id, value]);
      }
    }
    return state;
  }
}
