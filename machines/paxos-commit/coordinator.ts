import { setup } from 'xstate';

import * as elections from '../paxos/leader-elections.ts';
import { actions as plain } from '../two-phase-commit/coordinator-groups.ts';
import * as ballots from './coordinator-ballots.ts';
import * as clients from './coordinator-clients.ts';
import {
  type Arguments,
  type CoordinatorContext,
  type CoordinatorEvent,
  type CoordinatorInput,
  newCoordinatorContext,
  type OnlyContext,
} from './coordinator-context.ts';
import * as groups from './coordinator-groups.ts';

/**
 * One of the coordinators of Paxos Commit, of which one leads: elected as the leader of Multi-Paxos is, by heartbeats,
 * canvasses and ballots, it first settles what former ballots have left, and then does what the coordinator of two-phase
 * commit does. The others tell clients who leads.
 */
export const coordinator = setup({
  types: {} as { context: CoordinatorContext; events: CoordinatorEvent; input: CoordinatorInput },
  guards: { ...electing(elections.guards), ...ballots.guards, ...groups.guards },
  actions: {
    ...electing<keyof typeof elections.actions, unknown>(elections.actions),
    ...ballots.actions,
    ...groups.actions,
    ...clients.actions,
    beginGroups: plain.beginGroups,
  },
  delays: {
    heartbeatMs: ({ context }: OnlyContext) => context.settings.heartbeatMs,
    electionTimeoutMs: ({ context }: OnlyContext) => context.settings.electionTimeoutMs,
    electionSpreadMs: ({ context }: OnlyContext) =>
      context.random.next() * context.settings.electionSpreadMs * context.backOff,
    retryMs: ({ context }: OnlyContext) => context.settings.retryMs,
    expectationMs: ({ context }: OnlyContext) => context.settings.electionTimeoutMs * 10,
    scoutingMs: ({ context }: OnlyContext) => context.settings.retryMs * 5,
    tidyMs: ({ context }: OnlyContext) => context.settings.tidyMs,
  },
}).createMachine({
  id: 'coordinator',
  context: ({ input }) => newCoordinatorContext(input),
  initial: 'starting',
  states: {
    starting: {
      always: [
        { guard: 'leadsFirst', target: 'scouting' },
        { guard: 'isNew', target: 'preempted.expecting' },
        { target: 'preempted.suspecting' },
      ],
    },
    /** Another ballot stands above this coordinator's, or none has stood yet. */
    preempted: {
      entry: 'abandon',
      initial: 'trusting',
      states: {
        /** A new cluster: one node leads first, as soon as it is up. */
        expecting: { after: { expectationMs: 'suspecting' } },
        trusting: { after: { electionTimeoutMs: 'suspecting' } },
        suspecting: {
          entry: 'followNobody',
          on: { canvass: { actions: 'agree' }, heartbeat: { guard: 'isOutdated', actions: 'object' } },
          after: { electionSpreadMs: '#coordinator.canvassing' },
        },
      },
      on: {
        heartbeat: { guard: 'isCurrent', target: '.trusting', reenter: true, actions: 'follow' },
        open: { actions: 'redirect' },
        commit: { actions: 'redirect' },
      },
    },
    /** Asks the others whether they miss the leader too. */
    canvassing: {
      entry: ['startCanvass', 'canvassOthers'],
      always: { guard: 'majorityAgrees', target: 'scouting' },
      on: {
        canvassReply: { guard: 'agreesThisTime', actions: 'countAgreement' },
        canvass: { actions: 'agree' },
        heartbeat: [{ guard: 'isCurrent', target: 'preempted', actions: 'follow' }, { actions: 'object' }],
      },
      after: { retryMs: 'preempted.suspecting' },
    },
    /** Phase 1 of a ballot of its own, by a scout; also when it leads, and votes are missing. */
    scouting: {
      entry: 'startScout',
      exit: 'stopScout',
      on: {
        done: [
          { guard: 'isAdopted', target: 'settling', actions: 'adopt' },
          { guard: 'isPreempted', target: 'preempted', actions: 'backOff' },
          { actions: 'noteDone' },
        ],
        heartbeat: { guard: 'outranks', target: 'preempted', actions: 'follow' },
      },
      after: { scoutingMs: { target: 'preempted.suspecting', actions: 'backOff' } },
    },
    /** Phase 2 of the slots that former ballots have left open, a commander for each. */
    settling: {
      entry: ['announce', 'settle'],
      exit: 'stopSettling',
      initial: 'beating',
      states: {
        beating: { entry: 'beat', after: { heartbeatMs: { target: 'beating', reenter: true } } },
      },
      always: { guard: 'isSettled', target: 'active' },
      on: {
        done: [
          { guard: 'isChosen', actions: ['noteChosen', 'settle'] },
          { guard: 'isPreempted', target: 'preempted', actions: 'backOff' },
          { actions: 'noteDone' },
        ],
        heartbeat: { guard: 'outranks', target: 'preempted', actions: 'follow' },
        objection: { guard: 'outranks', target: 'scouting', actions: 'heed' },
        canvass: { actions: 'answerCanvass' },
      },
    },
    /** It leads. */
    active: {
      type: 'parallel',
      entry: 'takeOver',
      states: {
        leading: {
          initial: 'beating',
          states: {
            beating: { entry: 'beat', after: { heartbeatMs: { target: 'beating', reenter: true } } },
          },
        },
        journals: {
          initial: 'tidy',
          states: {
            /** Journals hold nothing that has ended. */
            tidy: { always: { guard: 'isUntidy', target: 'untidy' } },
            untidy: { after: { tidyMs: { target: 'tidy', actions: 'tidy' } } },
          },
        },
      },
      on: {
        open: { actions: 'openSession' },
        commit: { actions: 'takeTransactions' },
        beginGroups: { actions: 'beginGroups' },
        'DECISION-REQ': { actions: 'answerDecisionReq' },
        'END-REQ': { actions: 'answerEndReq' },
        overdue: 'scouting',
        outranked: { guard: 'outranks', target: 'preempted', actions: 'backOff' },
        heartbeat: { guard: 'outranks', target: 'preempted', actions: 'follow' },
        objection: { guard: 'outranks', target: 'scouting', actions: 'heed' },
        canvass: { actions: 'answerCanvass' },
      },
    },
  },
  on: {
    decided: { actions: 'noteDecided' },
    done: { actions: 'noteDone' },
    status: { actions: 'report' },
    journal: { actions: 'showJournal' },
  },
});

type ElectionArguments = Parameters<typeof elections.actions.follow>[0];

/** What belongs to elections looks at no event but those that its machines hear as well as this one. */
function electing<Name extends string, Result>(
  functions: Readonly<Record<Name, (args: ElectionArguments) => Result>>,
): Record<Name, (args: Arguments) => Result> {
  return functions as unknown as Record<Name, (args: Arguments) => Result>;
}
