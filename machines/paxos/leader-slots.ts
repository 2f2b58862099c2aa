import { assertEvent } from 'xstate';
import { type Effect, send, spawn, stop } from '../../actors/effects.ts';
import type { RefusedMessage } from '../../actors/node.ts';
import { enqueue } from '../replication/pending.ts';
import { compareBallots } from './ballot.ts';
import type { CommanderInput } from './commander.ts';
import { type Arguments, keyOf, type OnlyContext, tellReplica } from './leader-context.ts';
import { READ_ROUNDS_MAX } from './leader-reads.ts';
import type { OpenSlots } from './messages.ts';
import { closeSlot, collectSlots, openSlot, proposalsAfter } from './proposals.ts';

// Phase 2 of an adopted ballot: commands get slots, a commander for each.

export const guards = {
  isAdopted: ({ context, event }: Arguments) =>
    event.type === 'done' &&
    event.output.kind === 'adopted' &&
    compareBallots(event.output.ballot, context.ballot) === 0,
  isDecided: ({ event }: Arguments) => event.type === 'done' && event.output.kind === 'decided',
};

export const actions = {
  adopt({ context, event }: Arguments): void {
    assertEvent(event, 'done');
    if (event.output.kind !== 'adopted') return;
    context.proposals = proposalsAfter(event.output.accepted, event.output.floor);
    // What former ballots may have decided, and so somebody may have been told of.
    context.readSlot = context.proposals.nextSlot - 1;
    context.readRound = context.ballot.round * READ_ROUNDS_MAX;
    context.readsAsked = new Map();
    context.readsWaiting = new Map();
    context.slotsRequested = false;
    // What it did not hear before it led says nothing of those who follow it.
    context.deafness = 0;
  },

  takeProposal({ context, event }: Arguments): Effect | undefined {
    assertEvent(event, 'propose');
    if (enqueue(context.proposals.pending, event.chunk, context.settings)) return undefined;
    return send<RefusedMessage>(event.client, { type: 'refused' });
  },

  refuseProposal({ event }: Arguments): Effect {
    assertEvent(event, 'propose');
    return send<RefusedMessage>(event.client, { type: 'refused' });
  },

  /** Slots are opened once what this turn brings has been gathered: many commands share one. */
  requestSlots({ context }: OnlyContext): Effect | undefined {
    if (context.slotsRequested) return undefined;
    context.slotsRequested = true;
    return send<OpenSlots>(context.self, { type: 'openSlots' });
  },

  openSlots({ context }: OnlyContext): Effect[] {
    context.slotsRequested = false;
    const effects: Effect[] = [];
    for (;;) {
      const next = openSlot(context.proposals, context.settings);
      if (next === undefined) return effects;
      const input: CommanderInput = {
        node: context.node,
        nodes: context.nodes,
        pvalue: { ballot: context.ballot, ...next },
        retryMs: context.settings.retryMs,
      };
      effects.push(spawn('commander', keyOf(context.ballot, next.slot), input));
    }
  },

  closeDecided({ context, event }: Arguments): void {
    assertEvent(event, 'done');
    if (event.output.kind !== 'decided') return;
    closeSlot(context.proposals, event.output.slot);
    context.readSlot = Math.max(context.readSlot, event.output.slot);
  },

  /** Leaves the ballot. What it has proposed lives on in the acceptors; what waits, clients send again. */
  abandon({ context }: OnlyContext): Effect[] {
    const { open, floor } = context.proposals;
    const commanders = [...open.keys()].map((slot) => stop('commander', keyOf(context.ballot, slot)));
    context.proposals = proposalsAfter(new Map(), floor);
    context.readsAsked = new Map();
    context.readsWaiting = new Map();
    return [...commanders, ...tellReplica(context, undefined)];
  },

  collect({ context, event }: Arguments): void {
    assertEvent(event, 'collect');
    context.floor = Math.max(context.floor, event.floor);
    collectSlots(context.proposals, event.floor);
  },
};
