import type { Transaction } from '../../../machines/two-phase-commit/transaction.ts';
import type { TransactionId } from '../../../machines/two-phase-commit/transaction-id.ts';
import { Violation } from '../violation.ts';

/** A transaction that writes, and what its client was told; undefined: that nobody knows, or nothing. */
export interface Attempt {
  readonly writes: Transaction['writes'];
  readonly told: 'committed' | 'aborted' | undefined;
}

interface Asked {
  committed: number;
  unknown: number;
  happened: number;
}

/**
 * Once all is decided: what clients were told is committed happened, each once; what they were told is aborted did not;
 * of the rest each happened once or not at all; and nothing happened that nobody has asked for.
 */
export function checkClientsHearTheTruth(
  attempts: readonly Attempt[],
  applied: ReadonlyMap<TransactionId, Transaction>,
): void {
  // Most write what no other does; of those that only delete there may be several.
  const asked = new Map<string, Asked>();
  const about = (writes: Transaction['writes']) => {
    const text = JSON.stringify(writes);
    const known = asked.get(text) ?? { committed: 0, unknown: 0, happened: 0 };
    asked.set(text, known);
    return known;
  };
  for (const { writes, told } of attempts) {
    if (writes.length === 0) continue;
    if (told === 'committed') about(writes).committed += 1;
    else if (told === undefined) about(writes).unknown += 1;
  }
  for (const { writes } of applied.values()) if (writes.length > 0) about(writes).happened += 1;
  for (const [text, { committed, unknown, happened }] of asked) {
    if (happened >= committed && happened <= committed + unknown) continue;
    const what = `${text}: told as committed ${committed}, as unknown ${unknown}`;
    throw new Violation('clients hear the truth', `${what}; it happened ${happened} times`);
  }
}
