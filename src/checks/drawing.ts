import { Keyword } from './edn.ts';
import type { History, Operation, Outcome } from './history.ts';
import { isList, textOf, type Value } from './values.ts';

/** More in a row than a terminal shows are listed instead. */
const LANES_WIDTH_MAX = 160;
const DRAWN_MAX = 24;
/** What one operation takes of a lane, and of a line by itself, at most. */
const LABEL_MAX = 40;
const LINE_MAX = 160;
/** Longer lists show their ends. */
const ELEMENTS_MAX = 8;
const ELEMENTS_SHOWN = 3;

/** An operation in a few words: `put "x" "1"`. */
function labelOf({ f, key, argument, result, outcome, applied }: Operation): string {
  const reads = f === 'get' || f === 'read' || f === 'txn';
  const value = reads && outcome === 'ok' ? result : argument;
  const parts = [
    f,
    key === null ? '' : textOf(key),
    value === null && f === 'delete' ? '' : textOf(withoutMiddles(value)),
  ];
  const words = parts.filter((part) => part !== '').join(' ');
  return applied === undefined ? words : `${words} (${applied ? '' : 'not '}applied)`;
}

/** Stands for what is left out. */
const GAP = new Keyword('…');

/** Where a list is long, only its ends. */
function withoutMiddles(value: Value): Value {
  if (!isList(value)) return value;
  const shown =
    value.length <= ELEMENTS_MAX
      ? value
      : [...value.slice(0, ELEMENTS_SHOWN), GAP, ...value.slice(-ELEMENTS_SHOWN)];
  return shown.map(withoutMiddles);
}

/** `line 3-7, process 0: put "x" "1"`. */
export function describe(history: History, operation: Operation): string {
  const { process, outcome } = operation;
  return `${linesOf(history, operation)}, process ${process}: ${shortened(labelOf(operation), LINE_MAX)}${SUFFIX[outcome]}`;
}

const SUFFIX: Readonly<Record<Outcome, string>> = {
  ok: '',
  fail: ' (failed)',
  info: ' (outcome unknown)',
};

function linesOf(history: History, { invoked, completed }: Operation): string {
  const begun = history.lineOf(invoked);
  return completed === Number.POSITIVE_INFINITY
    ? `line ${begun}-`
    : `line ${begun}-${history.lineOf(completed)}`;
}

export function shortened(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1)}…`;
}

function barOf(operation: Operation): string {
  return shortened(labelOf(operation), LABEL_MAX);
}

/** `"x"`, or nothing for no key. */
export function nameOf(key: Value): string {
  return key === null ? '' : ` of ${textOf(key)}`;
}

/**
 * Operations as bars, a lane for each process, time going to the right; below, where each stands in the history.
 *
 * ```
 * 0  ├─ put "x" "1" ─┤
 * 1                     ├─ get "x" nil ─┤
 * ```
 */
export function drawOperations(history: History, operations: readonly Operation[]): string {
  const inOrder = operations.toSorted((a, b) => a.invoked - b.invoked);
  const list = inOrder.slice(0, DRAWN_MAX).map((operation) => describe(history, operation));
  if (inOrder.length > DRAWN_MAX) list.push(`and ${inOrder.length - DRAWN_MAX} more`);
  const lanes = inOrder.length > DRAWN_MAX ? [] : drawLanes(inOrder);
  const fits = lanes.every((lane) => lane.length <= LANES_WIDTH_MAX);
  return [...(fits && lanes.length > 0 ? [...lanes, ''] : []), ...list].join('\n');
}

function drawLanes(operations: readonly Operation[]): string[] {
  const names = [...new Set(operations.map(({ process }) => String(process)))];
  const margin = Math.max(0, ...names.map(({ length }) => length)) + 2;
  const columns = columnsOf(operations);
  const end = Math.max(0, ...columns.values()) + 1;
  const lanes = new Map(names.map((name) => [name, name.padEnd(margin)]));
  for (const operation of operations) {
    const { process, invoked, completed } = operation;
    const isOpen = completed === Number.POSITIVE_INFINITY;
    const width = (isOpen ? end : columns.get(completed)!) - columns.get(invoked)! + 1;
    const bar = `├─ ${barOf(operation)} `.padEnd(width - 1, isOpen ? '┄' : '─');
    const lane = lanes.get(String(process))!;
    const indented = lane.padEnd(margin + columns.get(invoked)!);
    lanes.set(String(process), `${indented}${bar}${isOpen ? '┄' : '┤'}`);
  }
  return [...lanes.values()];
}

/** A column for every moment at which something begins or ends, far enough apart for what stands between. */
function columnsOf(operations: readonly Operation[]): Map<number, number> {
  const moments = operations
    .flatMap((operation) => [
      { at: operation.invoked, operation },
      { at: operation.completed, operation },
    ])
    .filter(({ at }) => at < Number.POSITIVE_INFINITY)
    .sort((a, b) => a.at - b.at);
  const columns = new Map<number, number>();
  let next = 0;
  for (const { at, operation } of moments) {
    const begun = columns.get(operation.invoked);
    const column = begun === undefined ? next : Math.max(next, begun + barOf(operation).length + 5);
    columns.set(at, column);
    next = column + 2;
  }
  for (const operation of operations) {
    if (operation.completed < Number.POSITIVE_INFINITY) continue;
    const least = columns.get(operation.invoked)! + barOf(operation).length + 5;
    next = Math.max(next, least);
  }
  columns.set(Number.POSITIVE_INFINITY, next);
  return columns;
}
