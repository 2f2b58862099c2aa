import type { Decision } from '../../../machines/two-phase-commit/presumption.ts';
import type { Transaction, Value } from '../../../machines/two-phase-commit/transaction.ts';
import { formatId, type TransactionId } from '../../../machines/two-phase-commit/transaction-id.ts';
import { Violation } from '../violation.ts';

/** Whatever has an id is the same transaction at all followers, in all their lives. */
export class OneContent {
  /** What was applied anywhere, by id. */
  readonly applied = new Map<TransactionId, Transaction>();
  readonly #texts = new Map<TransactionId, string>();

  /** A follower writes what a group commits. */
  wrote(group: TransactionId, contents: readonly Transaction[], { commits, refused }: Decision): void {
    if (!commits) return;
    contents.forEach((transaction, place) => {
      if (!refused.includes(place)) this.#apply(group + place, transaction);
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

  #apply(id: TransactionId, transaction: Transaction): void {
    const text = JSON.stringify(transaction);
    const known = this.#texts.get(id);
    if (known === undefined) {
      this.#texts.set(id, text);
      this.applied.set(id, transaction);
    } else if (known !== text) {
      throw new Violation('one content', `transaction ${formatId(id)} is ${known}, and ${text}`);
    }
  }
}
