import { expect } from 'chai';
import fc from 'fast-check';
import {
  checkLinearizability,
  type EndCall,
  History,
  HistoryRecorder,
  type Operation,
  type SequentialModel,
  type Value,
} from '../../../src/checks/index.ts';
import { mayHaveHappened, ordersOf, respectsRealTime } from './brute-force.ts';

/** What the register holds after an operation; undefined where the operation cannot have had its result. */
function applied(
  { f, argument, result, outcome, applied: found }: Operation,
  held: Value,
): Value | undefined {
  const [old, next] = Array.isArray(argument) ? (argument as [Value, Value]) : [null, null];
  switch (f) {
    case 'read':
    case 'get':
      return outcome === 'info' || isSame(result, held) ? held : undefined;
    case 'write':
    case 'put':
      return argument;
    case 'append':
      if (typeof argument === 'string' && (held === null || typeof held === 'string'))
        return `${held ?? ''}${argument}`;
      return held === null || Array.isArray(held) ? [...(held ?? []), argument] : undefined;
    case 'cas': {
      const matches = isSame(held, old);
      if (outcome === 'info') return matches ? next : held;
      if (matches !== (found ?? true)) return undefined;
      return matches ? next : held;
    }
    default:
      return found !== undefined && found !== (held !== null) ? undefined : null;
  }
}

function isSame(a: Value, b: Value): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Tries every order. */
function isLinearizable(history: History): boolean {
  const all = mayHaveHappened(history);
  return ['a', 'b'].every((name) => {
    const operations = all.filter(({ key }) => key === name);
    for (const order of ordersOf(operations, ({ outcome }) => outcome === 'ok')) {
      if (respectsRealTime(order) && explains(order)) return true;
    }
    return false;
  });
}

function explains(order: readonly Operation[]): boolean {
  let held: Value | undefined = null;
  for (const operation of order) {
    held = applied(operation, held);
    if (held === undefined) return false;
  }
  return true;
}

interface Plan {
  readonly f: string;
  readonly key: string;
  readonly argument: Value;
  readonly result: Value;
  readonly applied: boolean | undefined;
  readonly outcome: 'ok' | 'fail' | 'info';
  /** Between the invocation and the completion, how many others begin. */
  readonly length: number;
}

/** Operations that each begin one after the other, and end after some of the later ones have begun. */
function historyOf(plans: readonly Plan[]): History {
  const recorder = new HistoryRecorder();
  const open: { readonly end: EndCall; readonly plan: Plan; readonly at: number }[] = [];
  for (const [place, plan] of plans.entries()) {
    for (const due of open.filter(({ at }) => at <= place)) {
      open.splice(open.indexOf(due), 1);
      finish(due.end, due.plan);
    }
    const { f, key, argument } = plan;
    const end = recorder.invoke({ process: place, f, key, value: argument });
    open.push({ end, plan, at: place + 1 + plan.length });
  }
  for (const { end, plan } of open) finish(end, plan);
  return recorder.history;
}

function finish(end: EndCall, { outcome, result, applied: found }: Plan): void {
  end(outcome, { value: result, ...(found === undefined ? {} : { applied: found }) });
}

const outcomes = fc.constantFrom(
  'ok' as const,
  'ok' as const,
  'ok' as const,
  'info' as const,
  'fail' as const,
);

function plansFor(
  model: SequentialModel,
  values: fc.Arbitrary<Value>,
  hasAppends: boolean,
): fc.Arbitrary<Plan[]> {
  const value = fc.option(values, { nil: null, freq: 4 });
  const [read, write] = model === 'register' ? ['read', 'write'] : ['get', 'put'];
  const common = {
    key: model === 'kv' ? fc.constantFrom('a', 'b') : fc.constant('a'),
    outcome: outcomes,
    length: fc.nat(3),
  };
  const found = fc.constantFrom(true, false, undefined);
  const reads = fc.record({
    ...common,
    f: fc.constant(read),
    argument: fc.constant(null),
    result: value,
    applied: fc.constant(undefined),
  });
  const kept = (f: string, arguments_: fc.Arbitrary<Value>, applied: fc.Arbitrary<boolean | undefined>) =>
    fc
      .record({ ...common, f: fc.constant(f), argument: arguments_, applied })
      .map((plan) => ({ ...plan, result: plan.argument }));
  const pairs: fc.Arbitrary<Value> = fc.tuple(value, values);
  const never = fc.constant(undefined);
  const kinds = [reads, reads, kept(write, values, never), kept('cas', pairs, found)];
  if (model === 'kv') kinds.push(kept('delete', fc.constant(null), found));
  if (hasAppends) kinds.push(kept('append', values, never), kept('append', values, never));
  return fc.array(fc.oneof(...kinds), { maxLength: 6 });
}

/** A history of some of the operations alone. */
function partOf({ events }: History, operations: readonly Operation[]): History {
  const places = new Set(operations.flatMap(({ invoked, completed }) => [invoked, completed]));
  return new History(events.filter((_event, place) => places.has(place)));
}

describe('the check for linearizability', () => {
  const cases: readonly (readonly [what: string, plans: fc.Arbitrary<Plan[]>, model: SequentialModel])[] = [
    ['registers', plansFor('register', fc.integer({ min: 1, max: 3 }), false), 'register'],
    ['key-value stores', plansFor('kv', fc.constantFrom('x', 'y'), false), 'kv'],
    ['texts that grow', plansFor('kv', fc.constantFrom('x', 'y', 'xy', 'yx'), true), 'kv'],
    ['lists that grow', plansFor('kv', fc.constantFrom<Value>(1, 2, [1], [1, 2], [2, 1], 'x'), true), 'kv'],
  ];
  for (const [what, plans, model] of cases) {
    it(`agrees with a search through all orders, and shows a part that has none, for ${what}`, function () {
      this.timeout(60_000);
      let violated = 0;
      fc.assert(
        fc.property(plans, (given) => {
          const history = historyOf(given);
          const { verdict, violations } = checkLinearizability(history, model);
          expect(verdict).to.equal(isLinearizable(history) ? 'ok' : 'violated');
          if (verdict === 'violated') {
            violated += 1;
            expect(checkLinearizability(partOf(history, violations[0]!.operations), model).verdict).to.equal(
              'violated',
            );
          }
        }),
        { numRuns: 3000 },
      );
      expect(violated).to.be.within(300, 2700);
    });
  }
});
