import { assertEvent, setup } from 'xstate';
import { type Effect, send } from '../../actors/effects.ts';
import type { LeaderStatus } from '../replication/client-messages.ts';
import {
  type Arguments,
  type LeaderContext,
  type LeaderEvent,
  type LeaderInput,
  newLeaderContext,
  type OnlyContext,
} from './leader-context.ts';
import * as elections from './leader-elections.ts';
import * as reads from './leader-reads.ts';
import * as slots from './leader-slots.ts';

/**
 * Drives ballots (PMMC, figure 7). It waits while it hears from a leader; when it does not, it asks the others
 * whether they do, and only then starts a ballot of its own: so a node that is merely cut off preempts nobody.
 * While active it assigns slots to commands, a commander for each slot, and confirms linearizable reads.
 */
export const leader = setup({
  types: {} as { context: LeaderContext; events: LeaderEvent; input: LeaderInput },
  guards: { ...elections.guards, ...slots.guards, ...reads.guards },
  actions: {
    ...elections.actions,
    ...slots.actions,
    ...reads.actions,
    reportFollowing: ({ context, event }: Arguments) => report(context, event, false),
    reportLeading: ({ context, event }: Arguments) => report(context, event, true),
  },
  delays: {
    heartbeatMs: ({ context }: OnlyContext) => context.settings.heartbeatMs,
    electionTimeoutMs: ({ context }: OnlyContext) => context.settings.electionTimeoutMs,
    electionSpreadMs: ({ context }: OnlyContext) =>
      context.random.next() * context.settings.electionSpreadMs * context.backOff,
    retryMs: ({ context }: OnlyContext) => context.settings.retryMs,
    expectationMs: ({ context }: OnlyContext) => context.settings.electionTimeoutMs * 10,
    scoutingMs: ({ context }: OnlyContext) => context.settings.retryMs * 5,
  },
}).createMachine({
  id: 'leader',
  context: ({ input }) => newLeaderContext(input),
  initial: 'starting',
  states: {
    starting: {
      always: [
        { guard: 'leadsFirst', target: 'scouting' },
        { guard: 'isNew', target: 'preempted.expecting' },
        { target: 'preempted.suspecting' },
      ],
    },
    /** Another ballot stands above this leader's, or none has stood yet. */
    preempted: {
      initial: 'trusting',
      states: {
        /** A new cluster: one node leads first, as soon as it is up. */
        expecting: { after: { expectationMs: 'suspecting' } },
        /** A lower heartbeat is of one who has yet to hear of the leader, and must not outbid it. */
        trusting: { after: { electionTimeoutMs: 'suspecting' } },
        suspecting: {
          entry: 'followNobody',
          on: { canvass: { actions: 'agree' }, heartbeat: { guard: 'isOutdated', actions: 'object' } },
          after: {
            electionSpreadMs: [
              { guard: 'mayStand', target: '#leader.canvassing' },
              { target: 'suspecting', reenter: true },
            ],
          },
        },
      },
      on: {
        heartbeat: { guard: 'isCurrent', target: '.trusting', reenter: true, actions: 'follow' },
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
    /** Phase 1 of a ballot of its own, by a scout. */
    scouting: {
      entry: 'startScout',
      exit: 'stopScout',
      on: {
        done: [
          { guard: 'isAdopted', target: 'active', actions: 'adopt' },
          { guard: 'isPreempted', target: 'preempted', actions: 'backOff' },
        ],
        heartbeat: { guard: 'outranks', target: 'preempted', actions: 'follow' },
      },
      after: { scoutingMs: { target: 'preempted.suspecting', actions: 'backOff' } },
    },
    /** Its ballot is adopted by a majority: phase 2, a commander for each slot. */
    active: {
      type: 'parallel',
      entry: ['announce', 'openSlots'],
      exit: 'abandon',
      states: {
        leading: {
          initial: 'beating',
          states: {
            // One level down: to re-enter a region of a parallel state re-enters all regions, and ends a read round.
            beating: { entry: 'beat', after: { heartbeatMs: { target: 'beating', reenter: true } } },
          },
        },
        reading: {
          initial: 'idle',
          states: {
            idle: { always: { guard: 'readsWait', target: 'confirming' } },
            confirming: {
              initial: 'asking',
              entry: 'startReadRound',
              states: {
                asking: { entry: 'askReadRound', after: { retryMs: { target: 'asking', reenter: true } } },
              },
              always: { guard: 'majorityConfirms', target: 'idle', actions: 'confirmReads' },
              on: {
                readAck: [
                  { guard: 'outranks', target: '#leader.preempted', actions: 'backOff' },
                  { actions: 'countReadAck' },
                ],
              },
            },
          },
        },
      },
      on: {
        propose: { actions: ['takeProposal', 'requestSlots'] },
        openSlots: { actions: 'openSlots' },
        done: [
          { guard: 'isDecided', actions: ['closeDecided', 'requestSlots'] },
          { guard: 'isPreempted', target: 'preempted', actions: 'backOff' },
        ],
        heartbeat: { guard: 'outranks', target: 'preempted', actions: 'follow' },
        objection: { guard: 'outranks', target: 'scouting', actions: 'heed' },
        collect: { actions: ['collect', 'requestSlots'] },
        // It may still be heard, and so keep others from leading.
        applied: [
          { guard: 'isDeaf', target: 'preempted', actions: ['rememberApplied', 'resign'] },
          { actions: 'rememberApplied' },
        ],
        canvass: { actions: 'answerCanvass' },
        confirmRead: { actions: 'queueRead' },
        status: { actions: 'reportLeading' },
      },
    },
  },
  on: {
    // The replica beside has yet to hear that this leader leads no more.
    propose: { actions: 'refuseProposal' },
    collect: { actions: 'collect' },
    applied: { actions: 'rememberApplied' },
    recovered: { actions: 'noteRecovery' },
    status: { actions: 'reportFollowing' },
  },
});

function report(context: LeaderContext, event: LeaderEvent, leads: boolean): Effect {
  assertEvent(event, 'status');
  const { open, pending, adopted } = context.proposals;
  return send<LeaderStatus>(event.from, {
    type: 'leaderStatus',
    id: event.id,
    leads,
    term: context.ballot.round,
    open: open.size + adopted.length,
    pending: pending.chunks.length,
    hasVote: !context.isForgetful,
  });
}
