import type { Call } from './calls.ts';
import { drawOperations, nameOf } from './drawing.ts';
import type { History, Operation } from './history.ts';
import { searchOrder } from './order-search.ts';
import { actionOf, type SequentialModel } from './sequential-models.ts';
import { smallestPart } from './smallest-part.ts';
import { textOf, type Value } from './values.ts';
import {
  type Anomaly,
  atMost,
  type CheckLimits,
  type Deadline,
  deadlineOf,
  type Findings,
  OUT_OF_MEMORY,
  OUT_OF_TIME,
} from './verdict.ts';

export interface LinearizabilityAnomaly extends Anomaly {
  readonly name: 'not linearizable';
  /** Whose operations they are; null for the one register. */
  readonly key: Value;
}

interface KnownCall extends Call {
  readonly operation: Operation;
}

interface KeyCalls {
  readonly key: Value;
  readonly calls: readonly KnownCall[];
}

/**
 * Whether all operations can have taken effect one after the other, each between its beginning and its end (Herlihy
 * and Wing, 1990). Keys are independent of each other, so each is searched alone; the first that has no order is
 * reported by the smallest part of its operations that has none. Initially there is no value.
 * @throws BadHistoryError where no client of the model could have made the history.
 */
export function checkLinearizability(
  history: History,
  model: SequentialModel,
  limits?: CheckLimits,
): Findings<LinearizabilityAnomaly> {
  const deadline = deadlineOf(limits);
  let reason: string | undefined;
  let left = [...callsByKey(history, model)];
  // A key that is hard to judge must not keep the others from being judged.
  for (const looks of [LOOKS_AT_FIRST, Number.POSITIVE_INFINITY]) {
    const undecided: KeyCalls[] = [];
    for (const { key, calls } of left) {
      const result = searchOrder(calls, atMost(looks, deadline));
      if (result === 'none')
        return { verdict: 'violated', violations: [violation(history, key, calls, deadline)] };
      if (result === OUT_OF_MEMORY) reason = OUT_OF_MEMORY;
      if (result === OUT_OF_TIME) undecided.push({ key, calls });
    }
    left = undecided;
  }
  if (left.length > 0) reason = OUT_OF_TIME;
  return reason === undefined
    ? { verdict: 'ok', violations: [] }
    : { verdict: 'unknown', violations: [], reason };
}

/** How many looks at the clock a key may take at first. */
const LOOKS_AT_FIRST = 200;

/** The calls of each key, in the order in which keys are met. */
function callsByKey(history: History, model: SequentialModel): Iterable<KeyCalls> {
  const byKey = new Map<string, { readonly key: Value; readonly calls: KnownCall[] }>();
  for (const operation of history.operations) {
    const action = actionOf(model, history, operation);
    if (action === undefined) continue;
    const { key, invoked, completed } = operation;
    const text = textOf(key);
    const known = byKey.get(text) ?? { key, calls: [] };
    byKey.set(text, known);
    known.calls.push({ operation, action, invoked, completed });
  }
  return byKey.values();
}

function violation(
  history: History,
  key: Value,
  calls: readonly KnownCall[],
  deadline: Deadline,
): LinearizabilityAnomaly {
  const operations = smallestPart(calls, deadline).map(({ operation }) => operation);
  const headline = `no order of these operations${nameOf(key)} explains what they returned:`;
  return {
    name: 'not linearizable',
    key,
    operations,
    drawing: `${headline}\n\n${drawOperations(history, operations)}`,
  };
}
