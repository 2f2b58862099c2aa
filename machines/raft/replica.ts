import { assertEvent, setup } from 'xstate';
import { addressOf } from '../../actors/address.ts';
import { type Effect, send } from '../../actors/effects.ts';
import type { Received } from '../../actors/envelope.ts';
import * as clients from '../replication/replica-clients.ts';
import { newReplicaContext, type ReplicaContext, type ReplicaEvent } from '../replication/replica-context.ts';
import * as snapshots from '../replication/replica-snapshots.ts';
import { installing, writeBehind } from '../replication/replica-states.ts';
import * as writing from '../replication/replica-write-behind.ts';
import type { ReplicatedState } from '../replication/replicated-state.ts';
import type { Configuration } from './configuration.ts';
import type { Durable, HandOver, Installed, RaftReplicaMessage } from './messages.ts';
import { type Anchor, toAnchor } from './records.ts';
import type { RaftSettings } from './settings.ts';

export interface ReplicaInput {
  readonly node: string;
  readonly settings: RaftSettings;
  readonly state: ReplicatedState;
  /** The configuration before any entry says otherwise. */
  readonly founded: Configuration;
}

interface RaftReplicaContext extends ReplicaContext {
  readonly settings: RaftSettings;
  /** What the server beside must know again of the last applied entry. */
  anchor: Anchor;
}

interface Arguments {
  readonly context: RaftReplicaContext;
  readonly event: ReplicaEvent | Received<RaftReplicaMessage>;
}
type OnlyContext = Pick<Arguments, 'context'>;

/** Requests passed on and queries not confirmed age this often. */
const AGEING_MS = 40;

/**
 * Applies what the server beside has committed, in its order, and answers the clients. Its state on disk is the
 * snapshot that the log is compacted to (thesis, chapter 5): it grows by itself, behind the answers.
 */
export const replica = setup({
  types: {} as { context: RaftReplicaContext; events: Arguments['event']; input: ReplicaInput },
  guards: { ...snapshots.guards, ...writing.guards },
  actions: {
    ...clients.actions,
    ...snapshots.actions,
    ...writing.actions,
    askHandOver,
    applyCommitted,
    noteInstalled,
    noteDurable,
    sendSnapshot,
    report,
  },
  delays: {
    retryMs: ({ context }: OnlyContext) => context.settings.retryMs,
    writeBehindMs: ({ context }: OnlyContext) => context.settings.writeBehindMs,
    snapshotIdleMs: ({ context }: OnlyContext) => context.settings.snapshotIdleMs,
    ageingMs: () => AGEING_MS,
  },
}).createMachine({
  id: 'replica',
  type: 'parallel',
  context: ({ input: { node, settings, state, founded } }) => ({
    ...newReplicaContext({ node, settings, state, self: addressOf(node, 'replica'), leaderRole: 'server' }),
    settings,
    anchor: state.anchor === null ? { term: 0, configuration: founded } : toAnchor(state.anchor),
  }),
  states: {
    /** Applying what is committed. */
    log: {
      initial: 'catchingUp',
      states: {
        /** Back from a crash: it answers nothing from its own state before it is where its leader is. */
        catchingUp: {
          entry: 'askHandOver',
          on: {
            query: { actions: 'holdQuery' },
            committed: { actions: 'applyCommitted' },
            caughtUp: 'current',
            snapshotOffer: { guard: 'isAhead', target: 'installing', actions: 'beginInstall' },
          },
        },
        current: {
          entry: 'answerHeld',
          on: {
            query: { actions: 'answerOrConfirm' },
            committed: { actions: 'applyCommitted' },
            snapshotOffer: { guard: 'isAhead', target: 'installing', actions: 'beginInstall' },
          },
        },
        /** Too far behind for single entries: takes in a snapshot. Entries that come meanwhile it asks for again. */
        installing,
      },
    },
    writeBehind,
    ageing: {
      initial: 'waiting',
      states: {
        waiting: {
          after: {
            ageingMs: {
              target: 'waiting',
              reenter: true,
              actions: ['forgetPassedOn', 'forgetUnconfirmed'],
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
    sendSnapshot: { actions: 'sendSnapshot' },
    done: { actions: 'forgetSender' },
  },
});

function askHandOver({ context }: OnlyContext): Effect {
  return send<HandOver>(serverBeside(context), { type: 'handOver', index: context.state.applied });
}

function applyCommitted({ context, event }: Arguments): Effect[] {
  assertEvent(event, 'committed');
  const effects: Effect[] = [];
  event.entries.forEach(({ term, batch, configuration }, place) => {
    // Handed over twice when it was asked for again.
    if (event.first + place !== context.state.applied + 1) return;
    if (term !== context.anchor.term || configuration !== undefined) {
      context.anchor = { term, configuration: configuration ?? context.anchor.configuration };
    }
    effects.push(...clients.applyNext(context, batch, context.anchor));
  });
  return [...effects, ...clients.answerWaiting(context)];
}

function noteInstalled({ context }: OnlyContext): Effect {
  const { state } = context;
  context.anchor = toAnchor(state.anchor);
  return send<Installed>(serverBeside(context), {
    type: 'installed',
    index: state.applied,
    anchor: context.anchor,
  });
}

function noteDurable({ context }: OnlyContext): Effect {
  context.state.persisted();
  return send<Durable>(serverBeside(context), { type: 'durable', index: context.state.durable });
}

function sendSnapshot({ context, event }: Arguments): Effect[] {
  assertEvent(event, 'sendSnapshot');
  return snapshots.offerSnapshot(context, addressOf(event.to, 'replica'), event.applied);
}

function report({ context, event }: Arguments): Effect {
  assertEvent(event, 'status');
  return clients.report(context, event, context.state.installing === undefined);
}

function serverBeside({ node }: RaftReplicaContext) {
  return addressOf(node, 'server');
}
