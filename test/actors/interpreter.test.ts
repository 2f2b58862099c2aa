import { expect } from 'chai';
import fc from 'fast-check';
import { type AnyStateMachine, assign, not, setup } from 'xstate';
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
const counting = setup({
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

/** States that are left and entered again, with timers whose delays depend on how often they were asked for. */
const timed = setup({
  types: { context: {} as Context, events: {} as Event },
  actions: {
    enter: (args: { context: Context; event: Event }) => say(`enter ${args.context.count}`)(args),
    leave: (args: { context: Context; event: Event }) => say(`leave ${args.context.count}`)(args),
    count: (args: { context: Context; event: Event }) => {
      args.context.count += 1;
      return say('count')(args);
    },
  },
  guards: { isOdd: ({ context }: { context: Context }) => context.count % 2 === 1 },
  delays: {
    drawn: ({ context }) => {
      context.named += 1;
      return context.named;
    },
    fixed: 7,
  },
}).createMachine({
  id: 'timed',
  initial: 'idle',
  context: () => ({ count: 0, named: 0 }),
  entry: 'enter',
  on: {
    HEAR: { target: '.busy.a', reenter: true, actions: 'count' },
    NEAR: { target: '.busy.a', actions: 'count' },
    COUNT: { actions: 'count' },
    REST: '.idle',
  },
  states: {
    idle: { after: { fixed: { target: 'idle', reenter: true } }, entry: 'enter', exit: 'leave' },
    busy: {
      initial: 'a',
      entry: 'enter',
      exit: 'leave',
      on: {
        AGAIN: { target: '.a', reenter: true },
        STILL: { target: '.a', actions: 'count' },
        ALL: { target: 'busy', reenter: true },
      },
      states: {
        a: {
          entry: 'enter',
          after: {
            drawn: { target: 'a', reenter: true, actions: 'count' },
            50: { guard: 'isOdd', target: 'b' },
          },
          on: { SELF: { target: 'a', actions: 'count' }, MOVE: 'b' },
        },
        b: {
          exit: 'leave',
          after: { fixed: 'a' },
          always: { guard: 'isOdd', target: 'both' },
        },
        both: {
          type: 'parallel',
          on: { SELF: { target: 'both', reenter: true } },
          states: {
            left: {
              initial: 'on',
              states: { on: { after: { drawn: { target: 'on', reenter: true } }, entry: 'enter' } },
            },
            right: {
              initial: 'on',
              entry: 'enter',
              states: { on: { on: { MOVE: '#timed.busy.a', CROSS: '#timed.busy.both.left.on' } } },
            },
          },
        },
      },
    },
  },
});

/** What a sequence of events comes to; `inspecting` is left to XState whole. */
function run(machine: AnyStateMachine, events: readonly Event[], inspecting: boolean): unknown[] {
  const interpreter = new Interpreter();
  const seen: unknown[] = [];
  const sink: ActionSink = {
    effect: (effect) => seen.push(effect),
    startTimer: (id, delayMs, event) => seen.push(['start', id, delayMs, event]),
    cancelTimer: (id) => seen.push(['cancel', id]),
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
        expect(run(counting, sequence, false)).to.deep.equal(run(counting, sequence, true));
      }),
      { numRuns: 300 },
    );
  });

  it('leaves and enters states again, with their timers, as XState would', () => {
    const [timers] = [run(timed, [{ type: 'HEAR' }, { type: 'MOVE' }, { type: 'COUNT' }], true)].map((seen) =>
      seen.flatMap((each) => (Array.isArray(each) && each[0] === 'start' ? [String(each[1])] : [])),
    );
    expect(new Set(timers).size).to.be.above(3);
    const own = ['HEAR', 'NEAR', 'COUNT', 'REST', 'AGAIN', 'STILL', 'ALL', 'SELF', 'MOVE', 'CROSS'];
    const events = fc.array(fc.record({ type: fc.constantFrom(...own, ...new Set(timers)) }), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(events, (sequence) => {
        expect(run(timed, sequence, false)).to.deep.equal(run(timed, sequence, true));
      }),
      { numRuns: 500 },
    );
  });

  it('takes a transition that needs no event as soon as an action has made it due', () => {
    const seen = run(counting, [{ type: 'COUNT', by: 3 }], false);
    expect(seen.at(-1)).to.deep.equal({
      value: { counter: 'many', beside: 'deaf' },
      context: { count: 3, named: 0 },
    });
  });
});
