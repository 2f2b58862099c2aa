import type { LedgerEntry } from '../protocols/replicated-log/ledger.ts';
import { Violation } from '../violation.ts';

const NAME = 'exactly once, in order';

/** What a client has asked for and what it was told is done, by the numbers of its entries, which count from 1. */
export interface Author {
  readonly name: string;
  readonly asked: number;
  readonly acknowledged: ReadonlySet<number>;
}

/**
 * A ledger holds each client's entries once and in the order of its calls, none left out before the last that is
 * there, and all that the client was told is there.
 */
export function checkExactlyOnceInOrder(entries: readonly LedgerEntry[], authors: readonly Author[]): void {
  const last = new Map<string, number>();
  for (const [author, number] of entries) {
    const before = last.get(author) ?? 0;
    if (number !== before + 1)
      throw new Violation(NAME, `${author}: entry ${number} is applied after ${before}`);
    last.set(author, number);
  }
  for (const { name, asked, acknowledged } of authors) {
    const applied = last.get(name) ?? 0;
    if (applied > asked) throw new Violation(NAME, `${name}: ${applied} entries, asked for ${asked}`);
    for (const number of acknowledged) {
      if (number > applied)
        throw new Violation(NAME, `${name}: entry ${number} was acknowledged, and is lost`);
    }
  }
}
