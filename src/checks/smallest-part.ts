import type { Call } from './calls.ts';
import { searchOrder } from './order-search.ts';
import type { Action } from './sequential-models.ts';
import { sameValue } from './values.ts';
import type { Deadline } from './verdict.ts';

/**
 * The smallest part of calls without an order that has none by itself, as far as it is found in the time that there
 * is: of the others, none need have returned what it did, and none need have happened. So what is wrong with the part
 * is wrong with the whole. Answers with the calls of the part, and those that wrote what these ask for.
 */
export function smallestPart<Known extends Call>(
  calls: readonly Known[],
  deadline: Deadline,
): readonly Known[] {
  const inOrder = calls.filter(isSure).sort((a, b) => a.completed - b.completed);
  const effort = new Effort(deadline);
  const fails = (kept: readonly Known[]) =>
    !effort.isSpent() && searchOrder(relaxed(calls, kept), effort.forOneSearch()) === 'none';
  const last = leastThat((count) => fails(inOrder.slice(0, count)), inOrder.length);
  let kept = inOrder.slice(0, last);
  const dropped = leastThat((count) => !fails(kept.slice(count)), kept.length) - 1;
  kept = kept.slice(Math.max(0, dropped));
  for (let size = kept.length >> 1; size > 0; size >>= 1) {
    for (let start = kept.length - size; start >= 0; start -= size) {
      const fewer = kept.toSpliced(start, size);
      if (fails(fewer)) kept = fewer;
    }
  }
  const part = new Set(kept);
  return calls.filter(
    (call) => part.has(call) || (writes(call) && kept.some((asking) => explains(call, asking))),
  );
}

/** How many looks at the clock one search may take, and all together. */
const LOOKS_MAX = 8;
const LOOKS_IN_ALL_MAX = 1000;

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

function writes({ action: { kind } }: Call): boolean {
  return kind !== 'read' && kind !== 'miss';
}

/** Calls that are not kept need not have had their results, and need not have happened. */
function relaxed(calls: readonly Call[], kept: readonly Call[]): Call[] {
  const part = new Set(kept);
  return calls.flatMap((call) => {
    if (part.has(call)) return call;
    const action = relaxedAction(call.action);
    return action === undefined ? [] : { action, invoked: call.invoked, completed: Number.POSITIVE_INFINITY };
  });
}

function relaxedAction(action: Action): Action | undefined {
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

/** The least count from 0 to `max` that passes, where all greater ones pass too; `max` where none does. */
function leastThat(passes: (count: number) => boolean, max: number): number {
  let low = 0;
  let high = max;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (passes(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Whether a call wrote what another asks for. */
function explains({ action: by }: Call, { action: asking }: Call): boolean {
  if (asking.kind !== 'read' && asking.kind !== 'cas') return false;
  const wanted = asking.kind === 'cas' ? asking.from : asking.value;
  if (by.kind === 'write') return sameValue(by.value, wanted);
  if (by.kind === 'cas') return sameValue(by.to, wanted);
  if (by.kind === 'take') return wanted === null;
  if (by.kind !== 'append') return false;
  return Array.isArray(wanted)
    ? wanted.some((element) => sameValue(element, by.value))
    : typeof wanted === 'string' && typeof by.value === 'string' && wanted.includes(by.value);
}
