import { assign, setup } from 'xstate';
import { addressOf } from '../../actors/address.ts';
import { type Effect, send, sendEarly, sendLazily } from '../../actors/effects.ts';
import type { Received } from '../../actors/envelope.ts';
import { type Ballot, compareBallots } from './ballot.ts';
import type { CommanderMessage, Decision, P2a } from './messages.ts';
import type { Pvalue, Slot } from './pvalue.ts';
import { areMajority, hear, NO_VOICES, type Voices } from './voices.ts';

export interface CommanderInput {
  /** The node that leads, beside whose replica the commander stands. */
  readonly node: string;
  readonly pvalue: Pvalue;
  /** The nodes, each of which has an acceptor and a replica. */
  readonly nodes: readonly string[];
  readonly retryMs: number;
}

/** How a phase 2 ended. */
export type CommanderOutcome =
  | { readonly kind: 'decided'; readonly slot: Slot }
  | { readonly kind: 'preempted'; readonly ballot: Ballot };

interface CommanderContext extends CommanderInput {
  readonly accepted: Voices;
  readonly preemptedBy: Ballot | undefined;
}

type CommanderEvent = Received<CommanderMessage>;
interface Arguments {
  readonly context: CommanderContext;
  readonly event: CommanderEvent;
}

/** Phase 2 of one slot: asks the acceptors to accept a pvalue, and tells the replicas (PMMC, figure 6). */
export const commander = setup({
  types: {} as {
    context: CommanderContext;
    events: CommanderEvent;
    input: CommanderInput;
    output: CommanderOutcome;
  },
  guards: {
    preempts: ({ context, event }: Arguments) => compareBallots(event.ballot, context.pvalue.ballot) > 0,
    accepts: ({ context, event }: Arguments) => accepts(context, event),
    completesMajority: ({ context, event }: Arguments) =>
      accepts(context, event) && areMajority(hear(context.accepted, event), context.nodes),
  },
  actions: {
    askAcceptors,
    tellReplicas,
    count: assign({ accepted: ({ context, event }) => hear(context.accepted, event) }),
    rememberPreemption: assign({ preemptedBy: ({ event }) => event.ballot }),
  },
  delays: { retryMs: ({ context }: { context: CommanderContext }) => context.retryMs },
}).createMachine({
  id: 'commander',
  context: ({ input }) => ({ ...input, accepted: NO_VOICES, preemptedBy: undefined }),
  initial: 'gathering',
  states: {
    gathering: {
      entry: 'askAcceptors',
      on: {
        p2b: [
          { guard: 'preempts', target: 'preempted', actions: 'rememberPreemption' },
          { guard: 'completesMajority', target: 'decided' },
          { guard: 'accepts', actions: 'count' },
        ],
      },
      after: { retryMs: { target: 'gathering', reenter: true } },
    },
    decided: { type: 'final', entry: 'tellReplicas' },
    preempted: { type: 'final' },
  },
  output: ({ context }) => outcomeOf(context),
});

/** Whether an answer says that the acceptor has accepted in this ballot, and no other. */
function accepts({ pvalue }: CommanderContext, event: CommanderEvent): boolean {
  return compareBallots(event.ballot, pvalue.ballot) === 0;
}

/** Early: a p2a says only that the leader proposes, and its ballot was adopted by a durable majority. */
function askAcceptors({ context }: { context: CommanderContext }): readonly Effect[] {
  const message: P2a = { type: 'p2a', ...context.pvalue };
  return context.nodes
    .filter((node) => !context.accepted.answered.has(node))
    .map((node) => sendEarly(addressOf(node, 'acceptor'), message));
}

/**
 * Not early: the acceptance of the acceptor beside counts before it is on disk, and the news of it waits. Lazily to
 * the other nodes, with the next p2a: nobody waits for them.
 */
function tellReplicas({ context }: { context: CommanderContext }): readonly Effect[] {
  const { ballot, slot, batch } = context.pvalue;
  const elsewhere: Decision = { type: 'decision', ballot, slot };
  return context.nodes.map((node) =>
    node === context.node
      ? send<Decision>(addressOf(node, 'replica'), { ...elsewhere, batch })
      : sendLazily<Decision>(addressOf(node, 'replica'), elsewhere),
  );
}

function outcomeOf({ pvalue, preemptedBy }: CommanderContext): CommanderOutcome {
  if (preemptedBy !== undefined) return { kind: 'preempted', ballot: preemptedBy };
  return { kind: 'decided', slot: pvalue.slot };
}
