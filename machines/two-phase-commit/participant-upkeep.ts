import { assertEvent } from 'xstate';
import { addressOf } from '../../actors/address.ts';
import { type Effect, persist, persistBehind, send } from '../../actors/effects.ts';
import type { JournalPage, Noted, ParticipantStatus } from './client-messages.ts';
import { journalPage } from './journal-page.ts';
import type { EndReq, Stored } from './messages.ts';
import type { Arguments, OnlyContext, ParticipantContext } from './participant-context.ts';
import { forgetEnded, recoverGroups } from './participant-groups.ts';

/** The token of what is written behind. */
const BEHIND = 1;

/** Transactions on their way to the store, at most. */
const FLUSHING_MAX = 64;

/** How a participant keeps its store and its journal, and what it tells those who look. */
export const actions = {
  /** What it voted on before it was lost counts no more: the leader is told, and waits for it in nothing. */
  recover({ context }: OnlyContext): Effect[] {
    const { membership, journal } = context.ground;
    return membership.state === 'member' ? recoverGroups(context) : [persist(...journal.clear())];
  },

  writeDirty({ context }: OnlyContext): Effect {
    const writes = context.ground.store.takeDirty();
    context.flushing.push(context.written);
    context.written = [];
    return persistBehind(BEHIND, writes);
  },

  noteDurable({ context }: OnlyContext): Effect[] {
    const { ground } = context;
    ground.store.persisted();
    ground.journal.noteStored();
    for (const id of context.flushing.shift() ?? []) {
      const kept = context.kept.get(id);
      if (kept !== undefined) kept.isDurable = true;
    }
    forgetEnded(context);
    if (ground.membership.state === 'member') return [];
    return [send<Stored>(addressOf(ground.node, 'newcomer'), { type: 'stored' })];
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
    const { ground, groups, reads, written } = context;
    const { journal, store, node } = ground;
    return send<ParticipantStatus>(event.from, {
      type: 'participantStatus',
      id: event.id,
      isMember: ground.membership.state === 'member',
      undecided: Array.from(groups.values(), ({ id, count, vote, rounds, participants }) => ({
        group: id,
        transactions: count,
        state: vote === undefined ? 'init' : 'ready',
        rounds,
        others: participants.filter((other) => other !== node),
      })),
      records: journal.size,
      // A group that changed nothing, for it deleted what was not there, waits for its turn too: its records do.
      isDurable: store.isOnDisk && written.length === 0,
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
  isDirty: ({ context }: OnlyContext) => isDirty(context),
  mayWrite: ({ context }: OnlyContext) => isDirty(context) && context.ground.store.flushing < FLUSHING_MAX,
  isVeryDirty: ({ context: { ground } }: OnlyContext) =>
    ground.store.dirtyBytes > ground.settings.writeBehindBytes,
  isUntidy: ({ context }: OnlyContext) => context.ground.journal.hasLazy,
  /** It remembers what may have ended, and what it does not know the end of. */
  keepsDecisions: ({ context }: OnlyContext) => context.kept.size > 0,
};

/** Groups have written to the store; or, in a node that joins, what it was taught. */
function isDirty({ written, ground }: ParticipantContext): boolean {
  return written.length > 0 || ground.store.dirtyBytes > 0;
}
