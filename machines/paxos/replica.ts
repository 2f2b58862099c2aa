import { setup } from 'xstate';
import { addressOf } from '../../actors/address.ts';
import { majorityOf } from '../replication/batch.ts';
import * as clients from '../replication/replica-clients.ts';
import { newReplicaContext } from '../replication/replica-context.ts';
import * as snapshots from '../replication/replica-snapshots.ts';
import { installing, writeBehind } from '../replication/replica-states.ts';
import * as writing from '../replication/replica-write-behind.ts';
import { emptyDecisionLog } from './decisions.ts';
import * as catchingUp from './replica-catch-up.ts';
import {
  isBehind,
  type OnlyContext,
  type PaxosReplicaContext,
  type PaxosReplicaEvent,
  type ReplicaInput,
} from './replica-context.ts';
import * as learning from './replica-decisions.ts';

/**
 * Applies the decided commands in the order of their slots and answers the clients (PMMC, figure 1). Slots are
 * assigned by the active leader, not by replicas as in the paper, so that replicas never contend for one: a
 * replica passes its clients' commands to the leader beside it, or to the replica beside the leader.
 */
export const replica = setup({
  types: {} as { context: PaxosReplicaContext; events: PaxosReplicaEvent; input: ReplicaInput },
  guards: {
    hasCaughtUp: ({ context }: OnlyContext) =>
      context.heard.size + 1 >= majorityOf(context.nodes.length) && !isBehind(context),
    isBehind: ({ context }: OnlyContext) => isBehind(context),
    ...snapshots.guards,
    ...writing.guards,
  },
  actions: {
    ...clients.actions,
    ...learning.actions,
    ...catchingUp.actions,
    ...snapshots.actions,
    ...writing.actions,
  },
  delays: {
    lagMs: ({ context }: OnlyContext) => context.settings.lagMs,
    retryMs: ({ context }: OnlyContext) => context.settings.retryMs,
    progressMs: ({ context }: OnlyContext) => context.settings.progressMs,
    writeBehindMs: ({ context }: OnlyContext) => context.settings.writeBehindMs,
    snapshotIdleMs: ({ context }: OnlyContext) => context.settings.snapshotIdleMs,
  },
}).createMachine({
  id: 'replica',
  type: 'parallel',
  context: ({ input }) => ({
    ...newReplicaContext({ ...input, self: addressOf(input.node, 'replica'), leaderRole: 'leader' }),
    settings: input.settings,
    nodes: input.nodes,
    log: emptyDecisionLog(input.state.applied),
    peers: new Map(),
    heard: new Set<string>(),
    heardLately: new Set<string>(),
    floor: 1,
    askedLast: undefined,
  }),
  states: {
    /** Learning what is decided, and applying it. */
    log: {
      initial: 'catchingUp',
      states: {
        /** Back from a crash: it answers nothing from its own state before it is where a majority is. */
        catchingUp: {
          entry: 'askProgress',
          always: { guard: 'hasCaughtUp', target: 'current' },
          after: { lagMs: { target: 'catchingUp', reenter: true, actions: 'askDecisions' } },
          on: {
            query: { actions: 'holdQuery' },
            decision: { actions: ['learn', 'applyDecided'] },
            decisions: { actions: ['learnMany', 'applyDecided', 'askDecisions'] },
            snapshotOffer: { guard: 'isAhead', target: 'installing', actions: 'beginInstall' },
          },
        },
        current: {
          entry: 'answerHeld',
          always: { guard: 'isBehind', target: 'lagging' },
          on: {
            query: { actions: 'answerOrConfirm' },
            decision: { actions: ['learn', 'applyDecided'] },
            decisions: { actions: ['learnMany', 'applyDecided'] },
          },
        },
        /** It knows of decisions that it lacks. Most are on their way. */
        lagging: {
          always: { guard: 'hasCaughtUp', target: 'current' },
          after: { lagMs: { target: 'lagging', reenter: true, actions: 'askDecisions' } },
          on: {
            query: { actions: 'answerOrConfirm' },
            decision: { actions: ['learn', 'applyDecided'] },
            decisions: { actions: ['learnMany', 'applyDecided', 'askDecisions'] },
            snapshotOffer: { guard: 'isAhead', target: 'installing', actions: 'beginInstall' },
          },
        },
        /** Too far behind for single decisions: takes in a snapshot. */
        installing: {
          ...installing,
          on: { ...installing.on, decision: { actions: 'learn' } },
        },
      },
    },
    writeBehind,
    /** Replicas tell one another how far they are; so acceptors learn what they may forget. */
    gossiping: {
      initial: 'waiting',
      states: {
        waiting: {
          after: {
            progressMs: {
              target: 'waiting',
              reenter: true,
              actions: ['tellProgress', 'collect', 'forgetPassedOn', 'forgetUnconfirmed'],
            },
          },
        },
      },
    },
  },
  on: {
    request: { actions: 'submit' },
    follow: { actions: 'follow' },
    persisted: { guard: 'isPieceToken', actions: 'pieceStored' },
    status: { actions: 'report' },
    leadership: { actions: 'noteLeadership' },
    readConfirmed: { actions: 'confirm' },
    accepted: { actions: 'noteAccepted' },
    progress: { actions: 'noteProgress' },
    askProgress: { actions: 'answerProgress' },
    catchUp: { actions: 'sendDecisions' },
    done: { actions: 'forgetSender' },
  },
});
