import { assign, setup } from 'xstate';
import { addressOf } from '../../actors/address.ts';
import { type Effect, send } from '../../actors/effects.ts';
import type { Received } from '../../actors/envelope.ts';
import { type Ballot, compareBallots } from './ballot.ts';
import type { P1a, ScoutMessage } from './messages.ts';
import type { Pvalue, Slot } from './pvalue.ts';
import { areMajority, hear, NO_VOICES, type Voices } from './voices.ts';

export interface ScoutInput {
  readonly ballot: Ballot;
  /** The nodes, each of which has an acceptor. */
  readonly nodes: readonly string[];
  /** Pvalues below this slot are not asked for: the leader's own replica has applied them. */
  readonly fromSlot: Slot;
  readonly retryMs: number;
}

/** How a phase 1 ended. */
export type ScoutOutcome =
  | {
      readonly kind: 'adopted';
      readonly ballot: Ballot;
      /** The pvalue of the highest ballot for each slot: PMMC's pmax. */
      readonly accepted: ReadonlyMap<Slot, Pvalue>;
      /** Slots below are decided, and gone from some acceptor. */
      readonly floor: Slot;
    }
  | { readonly kind: 'preempted'; readonly ballot: Ballot };

interface ScoutContext extends ScoutInput {
  readonly promised: Voices;
  readonly accepted: ReadonlyMap<Slot, Pvalue>;
  readonly floor: Slot;
  readonly preemptedBy: Ballot | undefined;
}

type ScoutEvent = Received<ScoutMessage>;
interface Arguments {
  readonly context: ScoutContext;
  readonly event: ScoutEvent;
}

/**
 * Phase 1 of one ballot: asks the acceptors to adopt it and gathers what they have accepted (PMMC, figure 6).
 */
export const scout = setup({
  types: {} as { context: ScoutContext; events: ScoutEvent; input: ScoutInput; output: ScoutOutcome },
  guards: {
    preempts: ({ context, event }: Arguments) => compareBallots(event.ballot, context.ballot) > 0,
    completesMajority: ({ context, event }: Arguments) =>
      promises(context, event) && areMajority(hear(context.promised, event), context.nodes),
  },
  actions: {
    askAcceptors,
    gather: assign(({ context, event }) => gathered(context, event)),
    rememberPreemption: assign({ preemptedBy: ({ event }) => event.ballot }),
  },
  delays: { retryMs: ({ context }: { context: ScoutContext }) => context.retryMs },
}).createMachine({
  id: 'scout',
  context: ({ input }) => ({
    ...input,
    promised: NO_VOICES,
    accepted: new Map(),
    floor: input.fromSlot,
    preemptedBy: undefined,
  }),
  initial: 'gathering',
  states: {
    gathering: {
      entry: 'askAcceptors',
      on: {
        p1b: [
          { guard: 'preempts', target: 'preempted', actions: 'rememberPreemption' },
          { guard: 'completesMajority', target: 'adopted', actions: 'gather' },
          { actions: 'gather' },
        ],
      },
      after: { retryMs: { target: 'gathering', reenter: true } },
    },
    adopted: { type: 'final' },
    preempted: { type: 'final' },
  },
  output: ({ context }) => outcomeOf(context),
});

/** Not early: the leader's own promise must be on disk before any other acceptor can complete its majority. */
function askAcceptors({ context }: { context: ScoutContext }): readonly Effect[] {
  const message: P1a = { type: 'p1a', ballot: context.ballot, fromSlot: context.fromSlot };
  return context.nodes
    .filter((node) => !context.promised.answered.has(node))
    .map((node) => send(addressOf(node, 'acceptor'), message));
}

/** An answer to an older ballot's p1a, held up on the way, is no promise of this one. */
function promises({ ballot }: ScoutContext, event: ScoutEvent): boolean {
  return compareBallots(event.ballot, ballot) === 0;
}

function gathered(context: ScoutContext, event: ScoutEvent): Partial<ScoutContext> {
  if (!promises(context, event)) return {};
  const accepted = new Map(context.accepted);
  for (const pvalue of event.accepted) {
    const known = accepted.get(pvalue.slot);
    if (known === undefined || compareBallots(pvalue.ballot, known.ballot) > 0)
      accepted.set(pvalue.slot, pvalue);
  }
  const floor = Math.max(context.floor, event.floor);
  return { promised: hear(context.promised, event), accepted, floor };
}

function outcomeOf({ ballot, accepted, floor, preemptedBy }: ScoutContext): ScoutOutcome {
  if (preemptedBy !== undefined) return { kind: 'preempted', ballot: preemptedBy };
  return { kind: 'adopted', ballot, accepted, floor };
}
