import type { History } from './history.ts';
import { elementsOf } from './list-versions.ts';
import type { MicroOperation, Transaction } from './transactions.ts';
import { textOf } from './values.ts';

/** What is kept under a key: a list that grows, or a register. */
export type KeyKind = 'list' | 'register';

/** A transaction, and what it did to a key. */
export interface Visit {
  readonly transaction: Transaction;
  readonly steps: readonly MicroOperation[];
}

/** All that was done to a key, and somebody wrote something to it. */
export interface KeyHistory {
  /** The text of the key. */
  readonly name: string;
  readonly kind: KeyKind;
  /** Who wrote a value, by its text. No value is written twice. */
  readonly writers: ReadonlyMap<string, Writer>;
  readonly visits: readonly Visit[];
}

export interface Writer {
  readonly transaction: Transaction;
  /** What it wrote to the key just before. */
  readonly before: string | undefined;
  /** Whether it wrote nothing to the key after it. */
  readonly isLast: boolean;
}

/** All keys that were written to, by their texts. @throws BadHistoryError where values are not unique. */
export function keysOf(
  history: History,
  transactions: readonly Transaction[],
): ReadonlyMap<string, KeyHistory> {
  const visits = new Map<string, Visit[]>();
  for (const transaction of transactions) {
    for (const [key, steps] of stepsByKey(transaction)) {
      const known = visits.get(key);
      if (known === undefined) visits.set(key, [{ transaction, steps }]);
      else known.push({ transaction, steps });
    }
  }
  const keys = new Map<string, KeyHistory>();
  for (const [name, ofKey] of visits) {
    const kind = kindOf(history, name, ofKey);
    if (kind !== undefined)
      keys.set(name, { name, kind, writers: writersOf(history, name, ofKey), visits: ofKey });
  }
  return keys;
}

/** What a read saw: the elements of a list, or the value of a register; nothing where that was not there. */
export function seenBy({ value }: MicroOperation, kind: KeyKind): readonly string[] {
  if (kind === 'list') return (elementsOf(value) ?? []).map(textOf);
  return value === null ? [] : [textOf(value)];
}

function stepsByKey({ steps }: Transaction): Map<string, MicroOperation[]> {
  const byKey = new Map<string, MicroOperation[]>();
  for (const step of steps) {
    const known = byKey.get(step.key);
    if (known === undefined) byKey.set(step.key, [step]);
    else known.push(step);
  }
  return byKey;
}

function kindOf(history: History, name: string, visits: readonly Visit[]): KeyKind | undefined {
  let kind: KeyKind | undefined;
  for (const { transaction, steps } of visits) {
    for (const { f } of steps) {
      if (f === 'r') continue;
      const other = f === 'append' ? 'list' : 'register';
      if (kind !== undefined && kind !== other)
        throw history.wrong(
          transaction.operation.invoked,
          `${name} is appended to here, and written elsewhere, or the other way round`,
        );
      kind = other;
    }
  }
  return kind;
}

function writersOf(history: History, name: string, visits: readonly Visit[]): Map<string, Writer> {
  const writers = new Map<string, Writer>();
  for (const { transaction, steps } of visits) {
    const texts = steps.filter(({ f }) => f !== 'r').map(({ value }) => textOf(value));
    for (const [index, text] of texts.entries()) {
      const other = writers.get(text)?.transaction;
      if (other !== undefined)
        throw history.wrong(
          transaction.operation.invoked,
          `${text} is written to ${name} in line ${history.lineOf(other.operation.invoked)} already: ` +
            'versions are told apart by their values',
        );
      writers.set(text, { transaction, before: texts[index - 1], isLast: index === texts.length - 1 });
    }
  }
  return writers;
}
