import { assertEvent } from 'xstate';
import { addressOf } from '../../actors/address.ts';
import { type Effect, persist, persistBehind, send } from '../../actors/effects.ts';
import type { JournalPage, Noted, ParticipantStatus } from './client-messages.ts';
import { journalPage } from './journal-page.ts';
import type { EndReq } from './messages.ts';
import type { Arguments, OnlyContext } from './participant-context.ts';
import { forgetEnded, recoverGroups } from './participant-groups.ts';

/** The token of what is written behind. */
const BEHIND = 1;

/** Transactions on their way to the store, at most. */
const FLUSHING_MAX = 64;

/** How a participant keeps its store and its journal, and what it tells those who look. */
export const actions = {
  recover({ context }: OnlyContext): Effect[] {
    return recoverGroups(context);
  },

  writeDirty({ context }: OnlyContext): Effect {
    const writes = context.ground.store.takeDirty();
    context.flushing.push(context.written);
    context.written = [];
    return persistBehind(BEHIND, writes);
  },

  noteDurable({ context }: OnlyContext): void {
    context.ground.store.persisted();
    for (const id of context.flushing.shift() ?? []) {
      const kept = context.kept.get(id);
      if (kept !== undefined) kept.isDurable = true;
    }
    forgetEnded(context);
  },

  tidy({ context: { ground } }: OnlyContext): Effect {
    return persist(...ground.journal.takeLazy());
  },

  askEnd({ context: { ground } }: OnlyContext): Effect {
    return send<EndReq>(addressOf(ground.leader, 'coordinator'), { type: 'END-REQ' });
  },

  obey({ context, event }: Arguments): Effect {
    assertEvent(event, ['voteNo', 'delayVote']);
    const { orders } = context.ground;
    if (event.type === 'voteNo') orders.votesNo = true;
    else orders.delayMs = event.ms;
    return send<Noted>(event.from, { type: 'noted', id: event.id });
  },

  report({ context, event }: Arguments): Effect {
    assertEvent(event, 'status');
    const { ground, groups, reads } = context;
    const { journal, store, node } = ground;
    return send<ParticipantStatus>(event.from, {
      type: 'participantStatus',
      id: event.id,
      isMember: true,
      undecided: Array.from(groups.values(), ({ id, count, vote, rounds, participants }) => ({
        group: id,
        transactions: count,
        state: vote === undefined ? 'init' : 'ready',
        rounds,
        others: participants.filter((other) => other !== node),
      })),
      records: journal.size,
      isDurable: store.dirtyBytes === 0 && store.flushing === 0,
      reads: reads.size,
      mark: ground.mark,
      isTidy: !journal.hasLazy,
    });
  },

  showJournal({ context, event }: Arguments): Effect {
    assertEvent(event, 'journal');
    const { journal, settings } = context.ground;
    return send<JournalPage>(event.from, journalPage(journal, event, settings.pageBytesMax));
  },
};

export const guards = {
  isBehindToken: ({ event }: Arguments) => event.type === 'persisted' && event.token === BEHIND,
  isDirty: ({ context }: OnlyContext) => context.written.length > 0,
  mayWrite: ({ context }: OnlyContext) =>
    context.written.length > 0 && context.ground.store.flushing < FLUSHING_MAX,
  isVeryDirty: ({ context: { ground } }: OnlyContext) =>
    ground.store.dirtyBytes > ground.settings.writeBehindBytes,
  isUntidy: ({ context }: OnlyContext) => context.ground.journal.hasLazy,
  /** It remembers what may have ended, and what it does not know the end of. */
  keepsDecisions: ({ context }: OnlyContext) => context.kept.size > 0,
};
