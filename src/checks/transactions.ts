import { Keyword } from './edn.ts';
import type { History, Operation } from './history.ts';
import { isList, sameValue, textOf, type Value } from './values.ts';

/** One step of a transaction, in Elle's form: `[:append :x 1]`, `[:w :x 1]`, `[:r :x nil]`. */
export interface MicroOperation {
  readonly f: 'append' | 'w' | 'r';
  /** The text of the key. */
  readonly key: string;
  readonly value: Value;
}

/** A transaction: its steps with all that is known of them. */
export interface Transaction {
  readonly operation: Operation;
  /** Of one that is not `ok` the values read are not known. */
  readonly steps: readonly MicroOperation[];
}

const STEPS = ['append', 'w', 'r'] as const;

/** @throws BadHistoryError where no client could have made the history, or values are not unique. */
export function transactionsOf(history: History): Transaction[] {
  return history.operations.map((operation) => {
    if (operation.f !== 'txn')
      throw history.wrong(
        operation.invoked,
        `:${operation.f} is no operation of the model transactions: :txn`,
      );
    const begun = stepsOf(history, operation.invoked, operation.argument);
    if (operation.outcome !== 'ok') return { operation, steps: begun };
    const steps = stepsOf(history, operation.completed, operation.result);
    if (begun.length !== steps.length || begun.some((step, index) => !isSame(step, steps[index]!)))
      throw history.wrong(
        operation.completed,
        `the transaction ended with other steps than those that it began with in line ${history.lineOf(operation.invoked)}`,
      );
    return { operation, steps };
  });
}

function stepsOf(history: History, place: number, value: Value): MicroOperation[] {
  if (!isList(value))
    throw history.wrong(
      place,
      `the value of :txn is a list of steps, [[:append :x 1] [:r :y nil]], not ${textOf(value)}`,
    );
  return value.map((step) => {
    const [name, key, given] = isList(step) ? step : [];
    const f = STEPS.find((known) => known === (name instanceof Keyword ? name.name : name));
    if (!isList(step) || step.length !== 3 || f === undefined || key === undefined || given === undefined)
      throw history.wrong(
        place,
        `${textOf(step)} is no step: [:append KEY VALUE], [:w KEY VALUE] or [:r KEY VALUE]`,
      );
    if (f !== 'r' && given === null)
      throw history.wrong(place, `${textOf(step)}: nil is what there is before any write`);
    return { f, key: textOf(key), value: given };
  });
}

/** Reads begin without the value that they end with. */
function isSame(begun: MicroOperation, ended: MicroOperation): boolean {
  return (
    begun.f === ended.f && begun.key === ended.key && (begun.f === 'r' || sameValue(begun.value, ended.value))
  );
}
