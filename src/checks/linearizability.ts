import type { Call } from './calls.ts';
import { drawOperations, nameOf } from './drawing.ts';
import type { History, Operation } from './history.ts';
import { searchOrder } from './order-search.ts';
import { actionOf, type SequentialModel } from './sequential-models.ts';
import { smallestPart } from './smallest-part.ts';
import { textOf, type Value } from './values.ts';
import {
  type CheckLimits,
  type Deadline,
  deadlineOf,
  type Findings,
  OUT_OF_TIME,
  type Violation,
} from './verdict.ts';

export interface LinearizabilityViolation extends Violation {
  readonly name: 'not linearizable';
  /** Whose operations they are; null for the one register. */
  readonly key: Value;
}

interface KnownCall extends Call {
  readonly operation: Operation;
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
): Findings<LinearizabilityViolation> {
  const deadline = deadlineOf(limits);
  let reason: string | undefined;
  for (const [key, calls] of callsByKey(history, model)) {
    const result = deadline() ? OUT_OF_TIME : searchOrder(calls, deadline);
    if (result === 'none')
      return { verdict: 'violated', violations: [violation(history, key, calls, deadline)] };
    if (result !== 'found') reason = result;
  }
  return reason === undefined
    ? { verdict: 'ok', violations: [] }
    : { verdict: 'unknown', violations: [], reason };
}

/** Sorted by key, as they are met. */
function callsByKey(history: History, model: SequentialModel): Iterable<[Value, KnownCall[]]> {
  const byKey = new Map<string, [Value, KnownCall[]]>();
  for (const operation of history.operations) {
    const action = actionOf(model, history, operation);
    if (action === undefined) continue;
    const { key, invoked, completed } = operation;
    const text = textOf(key);
    let ofKey = byKey.get(text);
    if (ofKey === undefined) {
      ofKey = [key, []];
      byKey.set(text, ofKey);
    }
    ofKey[1].push({ operation, action, invoked, completed });
  }
  return byKey.values();
}

function violation(
  history: History,
  key: Value,
  calls: readonly KnownCall[],
  deadline: Deadline,
): LinearizabilityViolation {
  const operations = smallestPart(calls, deadline).map(({ operation }) => operation);
  const headline = `no order of these operations${nameOf(key)} explains what they returned:`;
  return {
    name: 'not linearizable',
    key,
    operations,
    drawing: `${headline}\n\n${drawOperations(history, operations)}`,
  };
}
