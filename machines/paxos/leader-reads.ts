import { assertEvent } from 'xstate';
import { addressOf } from '../../actors/address.ts';
import { type Effect, send, sendEarly } from '../../actors/effects.ts';
import { majorityOf } from '../replication/batch.ts';
import type { ReadConfirmed } from '../replication/leader-messages.ts';
import type { Arguments, OnlyContext } from './leader-context.ts';
import type { ReadCheck } from './messages.ts';

/** More read rounds than a ballot sees: those of two ballots share no number, so an answer to an old one counts for none. */
export const READ_ROUNDS_MAX = 2 ** 32;

// Linearizable reads without a slot (PMMC, section 4.5).

export const guards = {
  readsWait: ({ context }: OnlyContext) => context.readsWaiting.size > 0,
  majorityConfirms: ({ context }: OnlyContext) => context.readAcks.size >= majorityOf(context.nodes.length),
};

export const actions = {
  queueRead({ context, event }: Arguments): void {
    assertEvent(event, 'confirmRead');
    const { from: replica, ticket } = event;
    // With no majority to ask, clients ask again and again.
    if (context.readsWaiting.size < context.settings.queriesMax)
      context.readsWaiting.set(`${replica} ${ticket}`, { replica, ticket });
  },

  startReadRound({ context }: OnlyContext): void {
    context.readRound += 1;
    context.readAcks = new Set();
    context.readsAsked = context.readsWaiting;
    context.readsWaiting = new Map();
  },

  /** Early: it asks, and says nothing. One round answers for all reads that wait (PMMC, section 4.5). */
  askReadRound({ context }: OnlyContext): Effect[] {
    const message: ReadCheck = { type: 'readCheck', ballot: context.ballot, round: context.readRound };
    return context.nodes
      .map((node) => addressOf(node, 'acceptor'))
      .filter((acceptor) => !context.readAcks.has(acceptor))
      .map((acceptor) => sendEarly(acceptor, message));
  },

  countReadAck({ context, event }: Arguments): void {
    assertEvent(event, 'readAck');
    if (event.round === context.readRound) context.readAcks.add(event.from);
  },

  /** A majority had promised nothing higher after these reads came: whatever was done before is in `readSlot`. */
  confirmReads({ context }: OnlyContext): Effect[] {
    const { readsAsked, readSlot: index } = context;
    context.readsAsked = new Map();
    return Array.from(readsAsked.values(), ({ replica, ticket }) =>
      send<ReadConfirmed>(replica, { type: 'readConfirmed', ticket, index }),
    );
  },
};
