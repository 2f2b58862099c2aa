import { and, not, setup } from 'xstate';
import { type Address, addressOf } from '../../actors/address.ts';
import type { Request } from '../replication/client-messages.ts';
import { emptyDecisionLog } from './decisions.ts';
import { majorityOf } from './pvalue.ts';
import * as catchingUp from './replica-catch-up.ts';
import * as clients from './replica-clients.ts';
import {
  type Arguments,
  isBehind,
  type OnlyContext,
  type ReplicaContext,
  type ReplicaEvent,
  type ReplicaInput,
  type UnconfirmedQuery,
} from './replica-context.ts';
import * as writing from './replica-write-behind.ts';

/**
 * Applies the decided commands in the order of their slots and answers the clients (PMMC, figure 1). Slots are
 * assigned by the active leader, not by replicas as in the paper, so that replicas never contend for one: a
 * replica passes its clients' commands to the leader beside it, or to the replica beside the leader.
 */
export const replica = setup({
  types: {} as { context: ReplicaContext; events: ReplicaEvent; input: ReplicaInput },
  guards: {
    hasCaughtUp: ({ context }: OnlyContext) =>
      context.heard.size + 1 >= majorityOf(context.nodes.length) && !isBehind(context),
    isBehind: ({ context }: OnlyContext) => isBehind(context),
    isAhead: ({ context, event }: Arguments) =>
      event.type === 'snapshotOffer' && event.index > context.state.applied,
    isNextPiece: ({ context, event }: Arguments) =>
      event.type === 'snapshotPiece' && catchingUp.isNextPiece(context, event),
    hasWholeSnapshot: ({ context }: OnlyContext) => context.state.installCursor === undefined,
    isBehindToken: ({ event }: Arguments) => event.type === 'persisted' && event.token === writing.BEHIND,
    hasRoomForPiece: ({ context }: OnlyContext) => context.piecesInFlight < catchingUp.PIECES_IN_FLIGHT_MAX,
    isPieceToken: ({ event }: Arguments) => event.type === 'persisted' && event.token === catchingUp.PIECE,
    isSwitchToken: ({ event }: Arguments) => event.type === 'persisted' && event.token === catchingUp.SWITCH,
    isDirty: ({ context }: OnlyContext) => context.state.isDirty,
    /** Not while a snapshot is put in force: it takes the place of what is dirty. */
    mayWrite: ({ context }: OnlyContext) => context.state.mayTake && !catchingUp.isSwitching(context),
    isVeryDirty: ({ context }: OnlyContext) => context.state.dirtyBytes > context.settings.writeBehindBytes,
  },
  actions: {
    ...clients.actions,
    ...catchingUp.actions,
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
    ...input,
    self: addressOf(input.node, 'replica'),
    log: emptyDecisionLog(input.state.applied),
    peers: new Map(),
    heard: new Set<string>(),
    heardLately: new Set<string>(),
    floor: 1,
    leader: undefined,
    clients: new Map<number | string, Address>(),
    held: new Map<number | string, Request[]>(),
    heldBytes: 0,
    passedOn: [[]],
    unconfirmed: new Map<string, UnconfirmedQuery>(),
    heldQueries: [],
    confirmed: [],
    followers: [],
    sendingTo: new Set<string>(),
    askedLast: undefined,
    snapshotFrom: undefined,
    piecesInFlight: 0,
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
        /** Too far behind for single decisions: takes in a snapshot, piece by piece. */
        installing: {
          initial: 'asking',
          states: {
            asking: {
              initial: 'asked',
              states: {
                asked: { entry: 'askPiece', after: { retryMs: { target: 'asked', reenter: true } } },
              },
              on: { snapshotPiece: { guard: 'isNextPiece', target: 'storing', actions: 'storePiece' } },
              after: { snapshotIdleMs: { target: '#replica.log.catchingUp', actions: 'giveUpInstall' } },
            },
            /** Pieces are asked for ahead of the disk, but not far. */
            storing: {
              always: [
                { guard: 'hasWholeSnapshot', target: 'switching' },
                { guard: 'hasRoomForPiece', target: 'asking' },
              ],
            },
            /** The one transaction that puts the snapshot in force. */
            switching: {
              entry: 'finishInstall',
              on: {
                persisted: {
                  guard: 'isSwitchToken',
                  target: '#replica.log.catchingUp',
                  actions: ['goOnFromSnapshot', 'applyDecided'],
                },
              },
            },
          },
          on: { query: { actions: 'holdQuery' }, decision: { actions: 'learn' } },
        },
      },
    },
    /** Applied operations reach the disk behind the answers: the acceptors hold them until then. */
    writeBehind: {
      initial: 'clean',
      states: {
        clean: { always: { guard: 'isDirty', target: 'dirty' } },
        dirty: {
          always: [
            // A snapshot has taken the place of what was dirty.
            { guard: not('isDirty'), target: 'clean' },
            { guard: and(['isVeryDirty', 'mayWrite']), target: 'clean', actions: 'writeDirty' },
          ],
          after: {
            writeBehindMs: [
              { guard: 'mayWrite', target: 'clean', actions: 'writeDirty' },
              { target: 'dirty', reenter: true },
            ],
          },
        },
      },
      on: { persisted: { guard: 'isBehindToken', actions: 'noteDurable' } },
    },
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
