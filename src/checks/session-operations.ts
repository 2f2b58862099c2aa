import type { History, Operation } from './history.ts';
import { sameValue, textOf, type Value } from './values.ts';

/** A put of a session that happened, or may have. */
export interface SessionPut {
  readonly kind: 'put';
  readonly operation: Operation;
  readonly key: string;
  /** Puts are numbered key by key, those of a key in the order in which they began. */
  number: number;
}

/** A get of a session that was answered. */
export interface SessionGet {
  readonly kind: 'get';
  readonly operation: Operation;
  readonly key: string;
  /** The put whose value it returned; undefined where there was none. */
  readonly put: SessionPut | undefined;
}

/** A get that returned what no store could have: a value that was not put, not yet, or by a put that failed. */
export interface StrayGet {
  readonly operation: Operation;
  readonly name: 'garbage read' | 'aborted read' | 'read from the future';
  readonly put: Operation | undefined;
}

/** The numbers of the puts of a key. */
export interface PutRange {
  readonly start: number;
  /** Excluded. */
  readonly end: number;
}

/** What the sessions of a history did. */
export interface SessionHistory {
  /** By number. */
  readonly puts: readonly SessionPut[];
  readonly ranges: ReadonlyMap<string, PutRange>;
  /** Puts as they began and gets as they ended, in this order. */
  readonly steps: readonly (SessionPut | SessionGet)[];
  readonly strays: readonly StrayGet[];
}

/** @throws BadHistoryError where no client could have made the history, or values are not unique. */
export function sessionHistoryOf(history: History): SessionHistory {
  const byKey = new Map<string, SessionPut[]>();
  const byVersion = new Map<string, SessionPut>();
  const gets: Operation[] = [];
  for (const operation of history.operations) {
    const { f, key, argument, outcome, invoked } = operation;
    checkForm(history, operation);
    if (f === 'get') {
      if (outcome === 'ok') gets.push(operation);
      continue;
    }
    const other = byVersion.get(versionOf(key, argument));
    if (other !== undefined)
      throw history.wrong(
        invoked,
        `${textOf(argument)} is put under ${textOf(key)} in line ${history.lineOf(other.operation.invoked)} already: ` +
          'versions are told apart by their values',
      );
    const put: SessionPut = { kind: 'put', operation, key: textOf(key), number: 0 };
    byVersion.set(versionOf(key, argument), put);
    const ofKey = byKey.get(put.key) ?? [];
    byKey.set(put.key, ofKey);
    if (outcome !== 'fail') ofKey.push(put);
  }

  const puts = [...byKey.values()].flat();
  for (const [number, put] of puts.entries()) put.number = number;
  const strays: StrayGet[] = [];
  const seen: SessionGet[] = [];
  for (const operation of gets) {
    const { key, result } = operation;
    const put = result === null ? undefined : byVersion.get(versionOf(key, result));
    const stray = result === null ? undefined : strayName(operation, put?.operation);
    if (stray === undefined) seen.push({ kind: 'get', operation, key: textOf(key), put });
    else strays.push({ operation, name: stray, put: put?.operation });
  }
  const steps = [...puts, ...seen].sort((a, b) => momentOf(a) - momentOf(b));
  return { puts, ranges: rangesOf(byKey), steps, strays };
}

function checkForm(
  history: History,
  { f, key, argument, result, outcome, invoked, completed }: Operation,
): void {
  if (f !== 'get' && f !== 'put')
    throw history.wrong(invoked, `:${f} is no operation of the model sessions: :get, :put`);
  if (key === null) throw history.wrong(invoked, `:${f} has a :key in the model sessions`);
  if (f === 'get') return;
  if (argument === null) throw history.wrong(invoked, 'nil is what there is before any put');
  if (outcome === 'ok' && !sameValue(argument, result))
    throw history.wrong(completed, `:put ended with ${textOf(result)}, but began with ${textOf(argument)}`);
}

function rangesOf(byKey: ReadonlyMap<string, readonly SessionPut[]>): Map<string, PutRange> {
  const ranges = new Map<string, PutRange>();
  let start = 0;
  for (const [key, { length }] of byKey) {
    ranges.set(key, { start, end: start + length });
    start += length;
  }
  return ranges;
}

function strayName(get: Operation, put: Operation | undefined): StrayGet['name'] | undefined {
  if (put === undefined) return 'garbage read';
  if (put.outcome === 'fail') return 'aborted read';
  return get.completed < put.invoked ? 'read from the future' : undefined;
}

function momentOf({ kind, operation }: SessionPut | SessionGet): number {
  return kind === 'put' ? operation.invoked : operation.completed;
}

function versionOf(key: Value, value: Value): string {
  return `${textOf(key)} ${textOf(value)}`;
}
