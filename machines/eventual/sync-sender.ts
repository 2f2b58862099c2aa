import { assertEvent, setup } from 'xstate';
import { type Effect, send } from '../../actors/effects.ts';
import type { Received } from '../../actors/envelope.ts';
import type { DotList } from './dot-index.ts';
import type { Held, Ranges } from './held.ts';
import { type Post, routerOf, type SyncNext, type SyncPiece } from './messages.ts';
import { RunWriter } from './run.ts';
import type { ServerState } from './server-state.ts';
import type { VectorClock } from './vector-clock.ts';

export interface SyncSenderInput {
  readonly server: number;
  /** The server that lacks something, and its number for that. */
  readonly to: number;
  readonly sync: number;
  readonly state: ServerState;
  /** What it held when it asked. */
  readonly theirs: Held;
  /** The versions that it lacked then. */
  readonly list: DotList;
  /** What this server held then, and what its writes followed. */
  readonly held: Ranges;
  readonly seen: VectorClock;
  readonly members: () => readonly number[];
  readonly pieceBytesMax: number;
  /** Gives up when nothing is asked for this long. */
  readonly idleMs: number;
}

interface SyncSenderContext extends SyncSenderInput {
  /** Where the pieces begin in the list that were sent; the last is the one that comes next. */
  readonly starts: number[];
}

interface Arguments {
  readonly context: SyncSenderContext;
  readonly event: Received<SyncNext>;
}
type OnlyContext = Pick<Arguments, 'context'>;

/**
 * Sends one server the versions that it lacked when it asked, a piece for each request. A version that another has taken
 * the place of since is sent as that other one: so the server has, in the end, all that this one held when it began, or
 * what follows it.
 */
export const syncSender = setup({
  types: {} as { context: SyncSenderContext; events: Arguments['event']; input: SyncSenderInput },
  guards: {
    isNear: ({ context, event }: Arguments) => event.piece < context.starts.length,
  },
  actions: { sendFirst, sendPiece },
  delays: { idleMs: ({ context }: OnlyContext) => context.idleMs },
}).createMachine({
  id: 'syncSender',
  context: ({ input }) => ({ ...input, starts: [0] }),
  entry: 'sendFirst',
  initial: 'sending',
  states: {
    sending: {
      after: { idleMs: 'closed' },
      on: { syncNext: { guard: 'isNear', target: 'sending', reenter: true, actions: 'sendPiece' } },
    },
    closed: { type: 'final' },
  },
});

function sendFirst({ context }: OnlyContext): Effect {
  return pieceOf(context, 0);
}

function sendPiece({ context, event }: Arguments): Effect {
  assertEvent(event, 'syncNext');
  return pieceOf(context, event.piece);
}

function pieceOf(context: SyncSenderContext, piece: number): Effect {
  const { server, to, sync, state, theirs, list, held, seen, starts, pieceBytesMax } = context;
  const run = new RunWriter();
  let at = starts[piece]!;
  // One that is asked for again ends where it did.
  const end = starts[piece + 1];
  for (; at < (end ?? list.keys.length) && (end !== undefined || run.size < pieceBytesMax); at++) {
    const origin = list.origins[at]!;
    const counter = list.counters[at]!;
    state.versions.packMissing(list.keys[at]!, origin, counter, theirs, run);
  }
  if (end === undefined) starts.push(at);
  const message: SyncPiece = {
    type: 'syncPiece',
    sender: server,
    members: context.members(),
    sync,
    piece,
    run: run.take(),
    ...(at >= list.keys.length ? { end: { held, seen } } : {}),
  };
  return send<Post>(routerOf(server), { type: 'post', to: [to], message, when: 'durable' });
}
