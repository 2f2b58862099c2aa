import { expect } from 'chai';
import fc from 'fast-check';
import { assign, not, setup } from 'xstate';
import type { Effect } from '../../actors/effects.ts';
import { type ActionSink, Interpreter } from '../../actors/interpreter.ts';

interface Context {
  count: number;
  named: number;
}

type Event = { readonly type: string; readonly by?: number };

const said = (what: string): Effect => ({
  effect: 'send',
  to: 'b/role',
  message: { type: what },
  when: 'durable',
});
const say =
  (what: string) =>
  ({ event }: { event: Event }): Effect =>
    said(`${what} at ${event.type}`);

/** Of everything that a role may be made of, something. */
const machine = setup({
  types: { context: {} as Context, events: {} as Event },
  actions: {
    count: ({ context, event }: { context: Context; event: Event }): Effect => {
      context.count += event.by ?? 1;
      return said(`count ${context.count}`);
    },
    one: say('one'),
    other: say('other'),
    reset: ({ context }: { context: Context }) => {
      context.count = 0;
    },
    name: assign({ named: ({ context }) => context.named + 1 }),
  },
  guards: {
    isMany: ({ context }: { context: Context }) => context.count >= 3,
    isOdd: ({ context }: { context: Context }) => context.count % 2 === 1,
  },
}).createMachine({
  type: 'parallel',
  context: () => ({ count: 0, named: 0 }),
  on: { ABOVE: { actions: ['one', 'other'] } },
  states: {
    counter: {
      initial: 'few',
      states: {
        few: {
          always: { guard: 'isMany', target: 'many', actions: 'one' },
          on: {
            COUNT: { actions: 'count' },
            MAYBE: [
              { guard: 'isOdd', actions: 'one' },
              { guard: not('isOdd'), target: 'few', reenter: true },
            ],
          },
          entry: 'other',
        },
        many: {
          always: { guard: not('isMany'), target: 'few' },
          on: {
            COUNT: { actions: 'count' },
            RESET: { actions: ['reset', 'one'] },
            NAME: { actions: 'name' },
          },
        },
      },
    },
    beside: {
      initial: 'deaf',
      states: {
        deaf: { on: { SWITCH: 'greedy', COUNT: { guard: 'isOdd', actions: 'other' } } },
        greedy: { on: { SWITCH: 'deaf', '*': { actions: 'other' } } },
      },
    },
  },
});

/** What a sequence of events comes to; `inspecting` is left to XState whole. */
function run(events: readonly Event[], inspecting: boolean): unknown[] {
  const interpreter = new Interpreter();
  const seen: unknown[] = [];
  const sink: ActionSink = {
    effect: (effect) => seen.push(effect),
    startTimer: () => {},
    cancelTimer: () => {},
    ...(inspecting ? { microstep: () => {} } : {}),
  };
  let snapshot = interpreter.start(machine, undefined, 'a/role', sink);
  for (const event of events) {
    snapshot = interpreter.step(snapshot, event, 'a/role', sink);
    seen.push(structuredClone({ value: snapshot.value, context: snapshot.context }));
  }
  return seen;
}

describe('the interpreter', () => {
  it('carries out an event that changes no state as XState would', () => {
    const type = fc.constantFrom('COUNT', 'MAYBE', 'RESET', 'NAME', 'SWITCH', 'ABOVE', 'UNKNOWN');
    const events = fc.array(fc.record({ type, by: fc.integer({ min: 0, max: 2 }) }), { maxLength: 30 });
    fc.assert(
      fc.property(events, (sequence) => {
        expect(run(sequence, false)).to.deep.equal(run(sequence, true));
      }),
      { numRuns: 300 },
    );
  });

  it('takes a transition that needs no event as soon as an action has made it due', () => {
    const seen = run([{ type: 'COUNT', by: 3 }], false);
    expect(seen.at(-1)).to.deep.equal({
      value: { counter: 'many', beside: 'deaf' },
      context: { count: 3, named: 0 },
    });
  });
});
