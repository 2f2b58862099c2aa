import { and, not, setup } from 'xstate';
import * as clients from './replica-clients.ts';
import {
  newReplicaContext,
  type OnlyContext,
  type ReplicaContext,
  type ReplicaEvent,
  type ReplicaInput,
} from './replica-context.ts';
import * as exchange from './replica-exchange.ts';
import * as peers from './replica-peers.ts';
import * as syncing from './replica-sync.ts';
import * as upkeep from './replica-upkeep.ts';

/**
 * A server of the eventually consistent store. It takes every write, alone if it must, sends it to all that it reaches,
 * and gets by anti-entropy what it has missed; it answers a read when it holds what the session of it rests on.
 */
export const replica = setup({
  types: {} as { context: ReplicaContext; events: ReplicaEvent; input: ReplicaInput },
  guards: { ...exchange.guards, ...syncing.guards, ...upkeep.guards },
  actions: {
    ...clients.actions,
    ...exchange.actions,
    ...peers.actions,
    ...syncing.actions,
    ...upkeep.actions,
  },
  delays: {
    learnMs: ({ context }: OnlyContext) => context.settings.learnMs,
    exchangeMs: ({ context }: OnlyContext) => context.settings.exchangeMs,
    writeBehindMs: ({ context }: OnlyContext) => context.settings.writeBehindMs,
    gossipMs: ({ context }: OnlyContext) => context.settings.gossipMs,
    retryMs: ({ context }: OnlyContext) => context.settings.retryMsMin,
    syncRetryMs: ({ context }: OnlyContext) => context.settings.syncRetryMs,
    collectMs: ({ context }: OnlyContext) => context.settings.collectMs,
  },
}).createMachine({
  id: 'replica',
  type: 'parallel',
  context: ({ input }) => newReplicaContext(input),
  entry: 'introduce',
  states: {
    /** Without a memory it asks the others what its first write must follow. */
    memory: {
      initial: 'ignorant',
      states: {
        ignorant: {
          always: { guard: not('isIgnorant'), target: 'learned' },
          after: { learnMs: { target: 'learned', actions: 'giveUpLearning' } },
          on: { seen: { actions: 'learn' } },
        },
        learned: {},
      },
    },
    /**
     * Own writes go to the others at once, unless some went just now: then those of a moment go together. So does what
     * others have written go to the disk, and they hear of it.
     */
    exchange: {
      initial: 'idle',
      states: {
        idle: { always: { guard: 'isExchanging', target: 'busy' } },
        busy: {
          after: {
            exchangeMs: [
              { guard: 'hasNews', target: 'busy', reenter: true, actions: 'exchange' },
              { target: 'idle', actions: 'endExchange' },
            ],
          },
        },
      },
    },
    /** The versions reach the store behind the answers: the journal holds them until then. */
    store: {
      initial: 'clean',
      states: {
        clean: { always: { guard: 'isDirty', target: 'dirty' } },
        dirty: {
          always: { guard: and(['isVeryDirty', 'mayWrite']), target: 'clean', actions: 'writeDirty' },
          after: {
            writeBehindMs: [
              { guard: 'mayWrite', target: 'clean', actions: 'writeDirty' },
              { target: 'dirty', reenter: true },
            ],
          },
        },
      },
      on: { persisted: { actions: 'noteDurable' } },
    },
    gossip: {
      initial: 'waiting',
      states: {
        waiting: {
          after: { gossipMs: { target: 'waiting', reenter: true, actions: ['tellOthers', 'checkLack'] } },
        },
      },
      on: { digest: { actions: 'compareDigest' } },
    },
    /** Writes that not all have acknowledged. */
    log: {
      initial: 'empty',
      states: {
        empty: { always: { guard: 'hasLog', target: 'waiting' } },
        waiting: {
          always: { guard: not('hasLog'), target: 'empty' },
          after: { retryMs: { target: 'waiting', reenter: true, actions: 'probeSilent' } },
        },
      },
      on: { receipt: { actions: 'noteReceipt' }, probe: { actions: 'answerProbe' } },
    },
    /** Getting what it lacks. */
    sync: {
      initial: 'idle',
      states: {
        idle: { always: { guard: 'isSyncing', target: 'fetching' } },
        fetching: {
          always: { guard: not('isSyncing'), target: 'idle' },
          after: {
            syncRetryMs: [
              { guard: 'isHopeless', target: 'idle', actions: 'endSync' },
              { target: 'fetching', reenter: true, actions: 'askPieceAgain' },
            ],
          },
          on: {
            syncPiece: { target: 'fetching', reenter: true, actions: 'takePiece' },
            syncGone: { actions: 'endSync' },
          },
        },
      },
    },
    /** Tombstones go when all members hold them. */
    tombstones: {
      initial: 'none',
      states: {
        none: { always: { guard: 'hasTombstones', target: 'waiting' } },
        waiting: {
          always: { guard: not('hasTombstones'), target: 'none' },
          after: { collectMs: { target: 'waiting', reenter: true, actions: 'collect' } },
        },
      },
    },
  },
  on: {
    attach: { actions: 'attach' },
    write: { actions: 'write' },
    gather: { actions: 'gather' },
    detach: { actions: 'detach' },
    read: { actions: 'read' },
    members: { actions: 'noteToldMembers' },
    status: { actions: 'report' },
    dump: { actions: 'dump' },
    entries: { actions: 'takeEntries' },
    askSeen: { actions: 'answerAskSeen' },
    syncRequest: { actions: 'beginSending' },
    syncNext: { actions: 'passOnNext' },
    done: { actions: 'forgetSending' },
    topology: { actions: 'noteRoutes' },
    meet: { actions: 'meet' },
  },
});
