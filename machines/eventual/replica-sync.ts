import { type Address, addressOf } from '../../actors/address.ts';
import { type Effect, send, spawn, stop } from '../../actors/effects.ts';
import { Held } from './held.ts';
import type { SyncGone, SyncNext, SyncRequest } from './messages.ts';
import {
  type Arguments,
  checkClock,
  checkRanges,
  neighboursOf,
  type OnlyContext,
  persistRedo,
  post,
  type ReplicaContext,
  reachableFrom,
  signature,
  tellHeld,
} from './replica-context.ts';
import { heed } from './replica-peers.ts';
import { RunReader } from './run.ts';
import { checkRun } from './server-state.ts';
import type { SyncSenderInput } from './sync-sender.ts';

const NUMBER_MAX = 2 ** 31 - 1;
/** How often a piece is asked for before another neighbour is. */
const ASKED_MAX = 4;

/**
 * Anti-entropy. A server that lacks what a neighbour holds, and has lacked it for a while, asks one neighbour for all that
 * it lacks. It gets the versions that still live of these, in pieces; when it has all, it holds what that neighbour held
 * when it began.
 */
export const actions = {
  checkLack,
  takePiece,
  askPieceAgain,
  endSync,
  beginSending,
  passOnNext,
  forgetSending,
};

export const guards = {
  isSyncing: ({ context }: OnlyContext) => context.sync !== undefined,
  /** The neighbour is gone, or silent. */
  isHopeless: ({ context }: OnlyContext) =>
    context.sync !== undefined &&
    (context.sync.asked >= ASKED_MAX || !neighboursOf(context).includes(context.sync.from)),
};

/** What it lacked the last time, too, is not just on its way. */
function checkLack({ context }: OnlyContext): Effect[] {
  const { state, peers, lacked, sync } = context;
  const neighbours = neighboursOf(context);
  const lacking = new Held();
  const lasting = new Map<number, Held>();
  for (const server of neighbours) {
    const lack = peers.get(server)?.held.minus(state.held);
    if (lack === undefined || lack.isEmpty) continue;
    lacking.addAll(lack);
    lasting.set(server, lack.meet(lacked));
  }
  context.lacked = lacking;
  if (sync !== undefined) return [];
  let from: number | undefined;
  let most = 0;
  for (const [server, { size }] of lasting) {
    if (size <= most) continue;
    most = size;
    from = server;
  }
  if (from === undefined) return [];
  context.sync = {
    from,
    number: context.random.integer(1, NUMBER_MAX),
    piece: 0,
    asked: 0,
    received: new Held(),
  };
  return askSync(context);
}

function askSync(context: ReplicaContext): Effect[] {
  const { sync, state } = context;
  if (sync === undefined) return [];
  sync.asked += 1;
  const { from, number, piece } = sync;
  const message: SyncRequest | SyncNext =
    piece === 0
      ? { type: 'syncRequest', ...signature(context), sync: number, held: state.held.ranges }
      : { type: 'syncNext', ...signature(context), sync: number, piece };
  // The pieces before are on disk when another is asked for: the disk sets the pace.
  return [...persistRedo(context), ...post(context, [from], message)];
}

function askPieceAgain({ context }: OnlyContext): Effect[] {
  return askSync(context);
}

function takePiece(args: Arguments): Effect[] {
  const { context } = args;
  return heed(args, 'syncPiece', ({ sender, sync: number, piece, run, end }) => {
    const { sync, state, members } = context;
    if (sync?.from !== sender || sync.number !== number || sync.piece !== piece) return [];
    checkRun(run, (server) => members.has(server));
    if (end !== undefined) {
      checkRanges(context, end.held);
      checkClock(context, end.seen);
    }
    if (run.byteLength > 0) state.takeVersions(run);
    noteReceived(run, sync.received);
    sync.piece += 1;
    sync.asked = 0;
    if (end === undefined) return askSync(context);
    state.takeHeld(end.held, end.seen, sync.received);
    context.sync = undefined;
    // Those beyond may lack what this server has now.
    return tellHeld(context, reachableFrom(context));
  });
}

function noteReceived(run: Uint8Array, received: Held): void {
  const version = new RunReader(run);
  while (version.next()) received.add(version.origin, version.counter);
}

function endSync(args: Arguments): Effect[] {
  const { context } = args;
  if (args.event.type !== 'syncGone') {
    context.sync = undefined;
    return [];
  }
  return heed(args, 'syncGone', ({ sender, sync: number }) => {
    const { sync } = context;
    if (sync?.from === sender && sync.number === number) context.sync = undefined;
    return [];
  });
}

function beginSending(args: Arguments): Effect[] {
  const { context } = args;
  return heed(args, 'syncRequest', ({ sender, sync, held }) => {
    const { state, server, settings, sending } = context;
    const known = sending.get(sender);
    // Asked again: the first piece was lost, or is on its way.
    if (known === sync)
      return [passOn(context, sender, { type: 'syncNext', ...signature(context), sync, piece: 0 })];
    const theirs = new Held(held);
    const input: SyncSenderInput = {
      server,
      to: sender,
      sync,
      state,
      theirs,
      list: state.versions.index.notIn(theirs),
      held: state.held.ranges,
      seen: state.seen,
      members: () => [...context.members],
      pieceBytesMax: settings.pieceBytesMax,
      idleMs: settings.syncIdleMs,
    };
    sending.set(sender, sync);
    return [stop('syncSender', String(sender)), spawn('syncSender', String(sender), input)];
  });
}

function passOnNext(args: Arguments): Effect[] {
  const { context } = args;
  return heed(args, 'syncNext', (message) => {
    const { sender, sync } = message;
    if (context.sending.get(sender) === sync) return [passOn(context, sender, message)];
    const gone: SyncGone = { type: 'syncGone', ...signature(context), sync };
    return post(context, [sender], gone, 'early');
  });
}

function forgetSending({ context, event }: Arguments): void {
  if (event.type !== 'done') return;
  for (const server of context.sending.keys()) {
    if (senderOf(context, server) === event.from) context.sending.delete(server);
  }
}

function passOn(context: ReplicaContext, server: number, message: SyncNext): Effect {
  return send(senderOf(context, server), message);
}

function senderOf({ server }: ReplicaContext, to: number): Address {
  return addressOf(String(server), 'syncSender', String(to));
}
