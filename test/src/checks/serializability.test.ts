import { expect } from 'chai';
import fc from 'fast-check';
import {
  checkSerializability,
  type EndCall,
  type History,
  HistoryRecorder,
  type Operation,
  type Outcome,
  type Value,
} from '../../../src/checks/index.ts';
import { mayHaveHappened, ordersOf, respectsRealTime } from './brute-force.ts';

type Kind = 'append' | 'w';
type Step = readonly [f: string, key: string, value: Value];
type Store = Map<string, Value>;

/** What a transaction does, and how far what it is told differs from what a serial execution would tell it. */
interface Plan {
  readonly steps: readonly { readonly key: string; readonly reads: boolean; readonly noise: number }[];
  /** Its place in the serial execution, by comparison. */
  readonly rank: number;
  readonly outcome: Outcome;
  /** How many others begin before it ends. */
  readonly length: number;
}

const plans = fc.array(
  fc.record({
    steps: fc.array(fc.record({ key: fc.constantFrom('x', 'y'), reads: fc.boolean(), noise: fc.nat(11) }), {
      minLength: 1,
      maxLength: 3,
    }),
    rank: fc.nat(3),
    outcome: fc.constantFrom<Outcome>('ok', 'ok', 'ok', 'ok', 'ok', 'info', 'fail'),
    length: fc.nat(3),
  }),
  { maxLength: 6 },
);

/** Carries out the plans one after the other, by rank, and records them as they would overlap. */
function historyOf(given: readonly Plan[], kind: Kind): History {
  let values = 0;
  const asked = given.map(({ steps }) =>
    steps.map(({ key, reads }): Step => (reads ? ['r', key, null] : [kind, key, ++values])),
  );
  const told = [...asked];
  const store: Store = new Map();
  for (const plan of given.toSorted((a, b) => a.rank - b.rank)) {
    const index = given.indexOf(plan);
    if (plan.outcome === 'fail') continue;
    told[index] = asked[index]!.map((step, place): Step => {
      const [f, key] = step;
      carryOut(step, store);
      return f === 'r' ? [f, key, disturbed(store.get(key) ?? null, plan.steps[place]!.noise)] : step;
    });
  }
  const recorder = new HistoryRecorder();
  const open: { readonly end: EndCall; readonly index: number; readonly at: number }[] = [];
  for (const [index, { length }] of given.entries()) {
    for (const due of open.filter(({ at }) => at <= index)) {
      open.splice(open.indexOf(due), 1);
      due.end(given[due.index]!.outcome, { value: told[due.index]! });
    }
    open.push({
      end: recorder.invoke({ process: index, f: 'txn', value: asked[index]! }),
      index,
      at: index + 1 + length,
    });
  }
  for (const { end, index } of open) end(given[index]!.outcome, { value: told[index]! });
  return recorder.history;
}

function disturbed(value: Value, noise: number): Value {
  if (noise === 0) return null;
  if (typeof value === 'number') return noise < 3 ? Math.max(1, value - 1) : value;
  if (!Array.isArray(value)) return value;
  if (noise === 1) return value.slice(0, -1);
  return noise === 2 && value.length > 1 ? value.toReversed() : value;
}

/** Does a step; whether a read of it is told what is there. */
function carryOut([f, key, value]: Step, store: Store): boolean {
  const held = store.get(key) ?? null;
  if (f === 'w') store.set(key, value);
  if (f === 'append') store.set(key, [...(Array.isArray(held) ? held : []), value]);
  const isEmpty = (given: Value) => given === null || (Array.isArray(given) && given.length === 0);
  return f !== 'r' || JSON.stringify(held) === JSON.stringify(value) || (isEmpty(held) && isEmpty(value));
}

function isSerializable(history: History, realTime: boolean): boolean {
  for (const order of ordersOf(mayHaveHappened(history), ({ outcome }) => outcome === 'ok')) {
    if ((!realTime || respectsRealTime(order)) && explains(order)) return true;
  }
  return false;
}

function explains(order: readonly Operation[]): boolean {
  const store: Store = new Map();
  return order.every(({ outcome, argument, result }) => {
    const steps = (outcome === 'ok' ? result : argument) as readonly Step[];
    return steps.every((step) => carryOut(step, store) || outcome !== 'ok');
  });
}

describe('the check for serializability', () => {
  for (const kind of ['append', 'w'] as const) {
    for (const realTime of [false, true]) {
      const what = `${kind === 'append' ? 'lists' : 'registers'}${realTime ? ', in real time' : ''}`;
      it(`agrees with a search through all orders, for ${what}`, function () {
        this.timeout(60_000);
        let violated = 0;
        fc.assert(
          fc.property(plans, (given) => {
            const history = historyOf(given, kind);
            const { verdict, violations } = checkSerializability(history, { realTime });
            expect(verdict).to.equal(isSerializable(history, realTime) ? 'ok' : 'violated');
            if (verdict !== 'violated') return;
            violated += 1;
            for (const { operations, drawing } of violations) {
              expect(operations).to.not.have.length(0);
              expect(drawing).to.not.equal('');
            }
          }),
          { numRuns: 2000 },
        );
        expect(violated).to.be.within(200, 1800);
      });
    }
  }
});
