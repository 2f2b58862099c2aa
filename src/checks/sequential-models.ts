import type { History, Operation } from './history.ts';
import { isList, sameValue, textOf, type Value } from './values.ts';

/**
 * What an operation does to the one value that a register, or a key, holds. Null stands for none.
 *
 * - `read`: it held this value.
 * - `write`: it holds this value.
 * - `cas`: it held `from`, and holds `to`.
 * - `miss`: it held another value than this.
 * - `take`: it held some value, and holds none.
 * - `append`: what it held is longer by this.
 */
export type Action =
  | { readonly kind: 'read' | 'write' | 'miss' | 'append'; readonly value: Value }
  | { readonly kind: 'cas'; readonly from: Value; readonly to: Value }
  | { readonly kind: 'take' };

/** What is one value after the other. `register`: read, write, cas. `kv`, by key: get, put, append, cas, delete. */
export type SequentialModel = 'register' | 'kv';

/**
 * What an operation did, or undefined for one that nothing hangs on: it failed, or only would have read.
 * @throws BadHistoryError where no client of such a model could have made it.
 */
export function actionOf(model: SequentialModel, history: History, operation: Operation): Action | undefined {
  const { f, outcome } = operation;
  const known = ACTIONS[model];
  const action = Object.hasOwn(known, f) ? known[f] : undefined;
  if (action === undefined) {
    const names = Object.keys(known).map((name) => `:${name}`);
    throw history.wrong(
      operation.invoked,
      `:${f} is no operation of the model ${model}: ${names.join(', ')}`,
    );
  }
  if (model === 'kv' && operation.key === null)
    throw history.wrong(operation.invoked, `:${f} has a :key in the model kv`);
  const done = action(history, operation);
  return outcome === 'fail' ? undefined : done;
}

type ToAction = (history: History, operation: Operation) => Action | undefined;

const read: ToAction = (_history, { outcome, result }) =>
  outcome === 'ok' ? { kind: 'read', value: result } : undefined;

const write: ToAction = (history, operation) => {
  checkKept(history, operation);
  return { kind: 'write', value: operation.argument };
};

const append: ToAction = (history, operation) => {
  checkKept(history, operation);
  return { kind: 'append', value: operation.argument };
};

const compareAndSet: ToAction = (history, operation) => {
  const { argument, applied } = operation;
  if (!isList(argument) || argument.length !== 2)
    throw history.wrong(operation.invoked, `the value of :cas is [old new], not ${textOf(argument)}`);
  checkKept(history, operation);
  const [from, to] = argument as readonly [Value, Value];
  return applied === false ? { kind: 'miss', value: from } : { kind: 'cas', from, to };
};

const remove: ToAction = (_history, { applied }) => {
  if (applied === undefined) return { kind: 'write', value: null };
  return applied ? { kind: 'take' } : { kind: 'read', value: null };
};

const ACTIONS: Readonly<Record<SequentialModel, Readonly<Record<string, ToAction>>>> = {
  register: { read, write, cas: compareAndSet },
  kv: { get: read, put: write, append, cas: compareAndSet, delete: remove },
};

/** A client ends a write with the value that it began with. */
function checkKept(history: History, operation: Operation): void {
  const { f, outcome, argument, result, completed } = operation;
  if (outcome !== 'ok' || sameValue(argument, result)) return;
  throw history.wrong(
    completed,
    `:${f} ended with ${textOf(result)}, but began with ${textOf(argument)} in line ${history.lineOf(operation.invoked)}`,
  );
}
