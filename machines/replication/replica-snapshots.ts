import { type Address, addressOf, nodeOf } from '../../actors/address.ts';
import { type Effect, persistBehind, send, spawn } from '../../actors/effects.ts';
import type { JournalWrite } from '../../actors/journal.ts';
import { CorruptSnapshotError } from './errors.ts';
import { answerWaiting } from './replica-clients.ts';
import { assertReplicaEvent, type ReplicaArguments, type ReplicaContext } from './replica-context.ts';
import type { OfferAgain, SnapshotPiece, SnapshotRequest } from './snapshot-messages.ts';
import type { SnapshotSenderInput } from './snapshot-sender.ts';

/** Tokens of what a replica has written behind. */
const PIECE = 2;
const SWITCH = 3;

/** Pieces of a snapshot that wait for the disk, at most. */
const PIECES_IN_FLIGHT_MAX = 16;

type OnlyContext = Pick<ReplicaArguments, 'context'>;

/** How a replica takes in a snapshot, and sends its own. */
export const actions = {
  forgetSender({ context, event }: ReplicaArguments): void {
    assertReplicaEvent(event, 'done');
    context.sendingTo.delete(keyOf(event.from));
  },

  beginInstall({ context, event }: ReplicaArguments): void {
    assertReplicaEvent(event, 'snapshotOffer');
    context.state.beginInstall(event.index);
    context.snapshotFrom = event.from;
  },

  askPiece({ context }: OnlyContext): Effect[] {
    const { installing: index, installCursor: cursor } = context.state;
    if (context.snapshotFrom === undefined || index === undefined || cursor === undefined) return [];
    return [send<SnapshotRequest>(context.snapshotFrom, { type: 'snapshotRequest', index, cursor })];
  },

  storePiece({ context, event }: ReplicaArguments): Effect {
    assertReplicaEvent(event, 'snapshotPiece');
    context.piecesInFlight += 1;
    return persistBehind(PIECE, writesOf(context, event));
  },

  pieceStored({ context }: OnlyContext): void {
    context.piecesInFlight -= 1;
  },

  giveUpInstall({ context }: OnlyContext): void {
    context.state.abortInstall();
    context.snapshotFrom = undefined;
  },

  finishInstall({ context }: OnlyContext): Effect {
    return persistBehind(SWITCH, context.state.finishInstall());
  },

  goOnFromSnapshot({ context }: OnlyContext): Effect[] {
    context.state.installed();
    context.snapshotFrom = undefined;
    return answerWaiting(context);
  },
};

export const guards = {
  isAhead: ({ context, event }: ReplicaArguments) => {
    assertReplicaEvent(event, 'snapshotOffer');
    return event.index > context.state.applied;
  },
  isNextPiece: ({ context, event }: ReplicaArguments) => {
    assertReplicaEvent(event, 'snapshotPiece');
    return isNextPiece(context, event);
  },
  hasWholeSnapshot: ({ context }: OnlyContext) => context.state.installCursor === undefined,
  hasRoomForPiece: ({ context }: OnlyContext) => context.piecesInFlight < PIECES_IN_FLIGHT_MAX,
  isPieceToken: ({ event }: ReplicaArguments) => 'token' in event && event.token === PIECE,
  isSwitchToken: ({ event }: ReplicaArguments) => 'token' in event && event.token === SWITCH,
};

/** A piece that was damaged on the way brings nothing, and is asked for again. */
function writesOf({ state }: ReplicaContext, { piece }: SnapshotPiece): readonly JournalWrite[] {
  try {
    return state.install(piece);
  } catch (error) {
    if (error instanceof CorruptSnapshotError) return [];
    throw error;
  }
}

/** Whether the snapshot is whole and about to be put in force. */
export function isSwitching({ state }: ReplicaContext): boolean {
  return state.installing !== undefined && state.installCursor === undefined;
}

/** Whether a piece is the one that was asked for; another may have been sent twice, or be of an older snapshot. */
function isNextPiece(
  { state, snapshotFrom }: ReplicaContext,
  event: SnapshotPiece & { from: Address },
): boolean {
  const cursor = state.installCursor;
  if (cursor === undefined || event.from !== snapshotFrom || event.piece.index !== state.installing)
    return false;
  return event.piece.sequence === (cursor?.sequence ?? 0);
}

/** One sender for each replica that is behind, each with its own view of the disk. */
export function offerSnapshot(context: ReplicaContext, to: Address, applied: number): Effect[] {
  const key = nodeOf(to);
  if (context.sendingTo.has(key)) {
    const message: OfferAgain = { type: 'offerAgain', applied };
    return [send(addressOf(context.node, 'snapshotSender', key), message)];
  }
  context.sendingTo.add(key);
  const input: SnapshotSenderInput = {
    source: context.state.openSnapshot(),
    to,
    pieceBytesMax: context.settings.catchUpBytesMax,
    idleMs: context.settings.snapshotIdleMs,
  };
  return [spawn('snapshotSender', key, input)];
}

function keyOf(address: Address): string {
  return address.slice(address.lastIndexOf('/') + 1);
}
