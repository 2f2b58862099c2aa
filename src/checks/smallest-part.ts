import type { Call } from './calls.ts';
import { searchOrder, searchOrderFromAnywhere } from './order-search.ts';
import type { Action } from './sequential-models.ts';
import { sameValue, textOf } from './values.ts';
import type { Deadline } from './verdict.ts';

/** How many calls are looked at together, at first. */
const WINDOW = 16;

/**
 * The smallest part of calls without an order that has none by itself, as far as it is found in the time that there
 * is. What is wrong with it is wrong with the whole, for all else is left open: what the register held before; and of
 * the other calls since, whether they happened, and what they returned. Answers with the calls of the part, and those
 * that wrote what these ask for.
 */
export function smallestPart<Known extends Call>(
  calls: readonly Known[],
  deadline: Deadline,
): readonly Known[] {
  const effort = new Effort(deadline);
  const fails = ({ kept, since }: Part<Known>) =>
    !effort.isSpent() && hasNoOrder(calls, kept, since, effort.forOneSearch());
  const inOrder = calls.filter(isSure).sort((a, b) => a.completed - b.completed);
  let part: Part<Known> = failingWindow(inOrder, fails) ?? { kept: inOrder, since: Number.NEGATIVE_INFINITY };
  for (let size = part.kept.length >> 1; size > 0; size >>= 1) {
    for (let start = part.kept.length - size; start >= 0; start -= size) {
      const fewer = { ...part, kept: part.kept.toSpliced(start, size) };
      if (fails(fewer)) part = fewer;
    }
  }
  const kept = new Set(part.kept);
  const writers = new Set(part.kept.flatMap((asking) => latestWriters(calls, asking)));
  return calls.filter((call) => kept.has(call) || writers.has(call));
}

/** Calls that all began after some moment. */
interface Part<Known extends Call> {
  readonly kept: readonly Known[];
  readonly since: number;
}

/** Calls that ended one after the other and have no order by themselves: few, if these are close together. */
function failingWindow<Known extends Call>(
  inOrder: readonly Known[],
  fails: (part: Part<Known>) => boolean,
): Part<Known> | undefined {
  for (let size = WINDOW; size < inOrder.length; size *= 2) {
    for (let end = size; end < inOrder.length + size / 2; end += size / 2) {
      const since = inOrder[end - size]!.completed;
      const part = { since, kept: inOrder.slice(end - size, end).filter(({ invoked }) => invoked > since) };
      if (fails(part)) return part;
    }
  }
  return undefined;
}

/** How many looks at the clock one search may take, and all together. */
const LOOKS_MAX = 100;
const LOOKS_IN_ALL_MAX = 2500;

/** Bounds the work, with the same outcome on every machine as long as there is time. */
class Effort {
  readonly #deadline: Deadline;
  #looks = 0;

  constructor(deadline: Deadline) {
    this.#deadline = deadline;
  }

  isSpent(): boolean {
    return this.#looks > LOOKS_IN_ALL_MAX || this.#deadline();
  }

  forOneSearch(): Deadline {
    const end = this.#looks + LOOKS_MAX;
    return () => ++this.#looks > end || this.isSpent();
  }
}

function isSure({ completed }: Call): boolean {
  return completed < Number.POSITIVE_INFINITY;
}

/**
 * Whether the kept calls have no order, whatever came of the others, which began and ended as they did. Those that
 * ended before `since` are left out; the kept ones began later.
 */
function hasNoOrder(
  calls: readonly Call[],
  kept: readonly Call[],
  since: number,
  deadline: Deadline,
): boolean {
  const part = new Set(kept);
  const end = kept.reduce((latest, { completed }) => Math.max(latest, completed), 0);
  const asked = askedBy(kept);
  const left = calls.flatMap((call) => {
    if (part.has(call)) return call;
    const action = relaxed(call.action);
    if (action === undefined || call.completed < since || call.invoked > end) return [];
    if (asked !== undefined && action.kind === 'write' && !asked.has(textOf(action.value))) return [];
    return { action, invoked: call.invoked, completed: Number.POSITIVE_INFINITY };
  });
  const search = since === Number.NEGATIVE_INFINITY ? searchOrder : searchOrderFromAnywhere;
  return search(left, deadline) === 'none';
}

/** What a call may have done, whatever it returned. */
function relaxed(action: Action): Action | undefined {
  switch (action.kind) {
    case 'read':
    case 'miss':
      return undefined;
    case 'cas':
      return { kind: 'write', value: action.to };
    case 'take':
      return { kind: 'write', value: null };
    default:
      return action;
  }
}

/** The values that calls ask for; undefined where it is not a value alone. */
function askedBy(calls: readonly Call[]): ReadonlySet<string> | undefined {
  const asked = new Set<string>();
  for (const { action } of calls) {
    if (action.kind === 'read') asked.add(textOf(action.value));
    else if (action.kind === 'cas') asked.add(textOf(action.from));
    else if (action.kind !== 'write') return undefined;
  }
  return asked;
}

/** Those that wrote what a call asks for: under way when it began, and the last that began before. */
function latestWriters<Known extends Call>(calls: readonly Known[], asking: Known): Known[] {
  const writers = calls.filter((call) => call.invoked < asking.completed && wrote(call, asking));
  const latest = writers.reduce((last, { invoked }) => Math.max(last, invoked), -1);
  return writers.filter(({ invoked, completed }) => invoked === latest || completed > asking.invoked);
}

function wrote({ action: by }: Call, { action: asking }: Call): boolean {
  if (asking.kind !== 'read' && asking.kind !== 'cas') return false;
  const wanted = asking.kind === 'cas' ? asking.from : asking.value;
  if (by.kind === 'write') return sameValue(by.value, wanted);
  if (by.kind === 'cas') return sameValue(by.to, wanted);
  if (by.kind === 'take') return wanted === null;
  if (by.kind !== 'append') return false;
  if (typeof wanted === 'string') return typeof by.value === 'string' && wanted.endsWith(by.value);
  const last = Array.isArray(wanted) ? wanted.at(-1) : undefined;
  return last !== undefined && sameValue(last, by.value);
}
