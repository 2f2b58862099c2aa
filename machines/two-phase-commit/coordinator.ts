import { setup } from 'xstate';
import { addressOf } from '../../actors/address.ts';
import { type Effect, persist } from '../../actors/effects.ts';
import type { Random } from '../../actors/random.ts';
import { checks } from './client-checks.ts';
import * as clients from './coordinator-clients.ts';
import type { CoordinatorContext, CoordinatorEvent, OnlyContext } from './coordinator-context.ts';
import * as groups from './coordinator-groups.ts';
import * as members from './coordinator-members.ts';
import type { GroupJournal } from './journal.ts';
import { lifeRecord, recoveredGroups } from './leader-records.ts';
import { LockTable } from './locks.ts';
import { OpenGroups } from './open-groups.ts';
import { SessionTable } from './sessions.ts';
import type { TwoPhaseCommitSettings } from './settings.ts';
import { transactionId } from './transaction-id.ts';

export interface CoordinatorInput {
  readonly node: string;
  readonly settings: TwoPhaseCommitSettings;
  readonly random: Random;
  readonly journal: GroupJournal;
  readonly life: number;
  readonly followers: readonly string[];
}

/**
 * The leader's standing part: takes in the clients' transactions, has each wait for its keys, makes groups of those
 * that have them, and starts a leader for each group. It knows which groups have ended.
 */
export const coordinator = setup({
  types: {} as { context: CoordinatorContext; events: CoordinatorEvent; input: CoordinatorInput },
  guards: { ...groups.guards, ...members.guards, ...checks },
  actions: { ...clients.actions, ...groups.actions, ...members.actions, recover },
  delays: {
    tidyMs: ({ context }: OnlyContext) => context.settings.tidyMs,
    retryMs: ({ context }: OnlyContext) => context.settings.retryMs,
    learnerTimeoutMs: ({ context }: OnlyContext) => context.settings.learnerTimeoutMs,
  },
}).createMachine({
  id: 'coordinator',
  context: ({ input: { followers, ...input } }) => ({
    ...input,
    self: addressOf(input.node, 'coordinator'),
    groups: new OpenGroups(transactionId(input.life, 1), input.life === 1),
    sessions: new SessionTable(input.life, input.settings.sessionsMax),
    locks: new LockTable(),
    followers,
    learner: undefined,
    isClosed: false,
    challenges: new Map(),
    granted: [],
    unvalidated: [],
    validations: new Map(),
    validationsBegun: 0,
    voting: 0,
    pending: 0,
    pendingBytes: 0,
    beginRequested: false,
  }),
  type: 'parallel',
  entry: 'recover',
  states: {
    /** The journals hold nothing that has ended. */
    journals: {
      initial: 'tidy',
      states: {
        tidy: { always: { guard: 'isUntidy', target: 'untidy' } },
        untidy: { after: { tidyMs: { target: 'tidy', actions: 'tidy' } } },
      },
    },
    followers: {
      initial: 'settled',
      states: {
        settled: {},
        /** A node learns what is committed, and has no vote. */
        teaching: {
          after: { learnerTimeoutMs: { target: 'settled', actions: 'giveUp' } },
          on: {
            learning: [
              { guard: 'isReadyLearner', target: 'admitting', actions: 'close' },
              { guard: 'isLearner', target: 'teaching', reenter: true },
              { actions: 'challenge' },
            ],
          },
        },
        /** It has all: once nothing is under way it becomes a follower. Until then nothing is begun. */
        admitting: {
          initial: 'draining',
          states: {
            draining: { always: { guard: 'isDrained', target: 'inviting' } },
            inviting: { entry: 'invite', after: { retryMs: { target: 'inviting', reenter: true } } },
          },
          after: { learnerTimeoutMs: { target: 'settled', actions: 'giveUp' } },
          on: { joined: { guard: 'isLearner', target: 'settled', actions: 'admit' }, learning: {} },
        },
      },
      on: {
        askToJoin: [
          { guard: 'mayLearn', target: '.teaching', actions: ['expel', 'teach', 'tidy'] },
          // It has its turn later; but nothing waits for it any more.
          { guard: 'meetsChallenge', actions: 'expel' },
          { actions: 'challenge' },
        ],
      },
    },
  },
  on: {
    open: { actions: 'openSession' },
    commit: { guard: 'isCommit', actions: 'takeTransactions' },
    beginGroups: { actions: 'beginGroups' },
    decided: { actions: 'noteDecided' },
    done: { actions: 'noteDone' },
    'DECISION-REQ': { actions: 'answerDecisionReq' },
    'END-REQ': { actions: 'answerEndReq' },
    learning: { actions: 'challenge' },
    joined: [{ guard: 'isFollower', actions: 'welcome' }, { actions: 'challenge' }],
    status: { actions: 'report' },
    journal: { guard: 'isJournalRequest', actions: 'showJournal' },
  },
});

/** Everything that this life sends waits for its record. */
function recover({ context }: OnlyContext): Effect[] {
  const { life, settings, journal } = context;
  const effects: Effect[] = [persist(lifeRecord(life, settings.presume))];
  for (const { group, decision } of recoveredGroups(journal)) {
    effects.push(groups.recoverGroup(context, group, decision));
  }
  return effects;
}
