import { assertEvent } from 'xstate';
import { type Address, addressOf, nodeOf } from '../../actors/address.ts';
import { type Effect, persistBehind, send, spawn } from '../../actors/effects.ts';
import type { JournalWrite } from '../../actors/journal.ts';
import { CorruptSnapshotError } from '../replication/errors.ts';
import type { OfferAgain, SnapshotPiece, SnapshotRequest } from '../replication/snapshot-messages.ts';
import type { SnapshotSenderInput } from '../replication/snapshot-sender.ts';
import { decisionsFrom, skipTo } from './decisions.ts';
import type { Applied, AskProgress, CatchUp, Collect, Decisions, Progress } from './messages.ts';
import { majorityOf, type Slot } from './pvalue.ts';
import { type Arguments, type OnlyContext, otherReplicas, type ReplicaContext } from './replica-context.ts';

/** Tokens of what a replica has written behind. */
export const PIECE = 2;
export const SWITCH = 3;

/** Pieces of a snapshot that wait for the disk, at most. */
export const PIECES_IN_FLIGHT_MAX = 16;

/** How replicas that were away catch up: with decisions while somebody has them, else with a snapshot. */
export const actions = {
  askProgress({ context }: OnlyContext): Effect[] {
    return otherReplicas(context).map((other) => send<AskProgress>(other, { type: 'askProgress' }));
  },

  answerProgress({ context, event }: Arguments): Effect {
    assertEvent(event, 'askProgress');
    return send<Progress>(event.from, progressOf(context));
  },

  noteProgress({ context, event }: Arguments): void {
    assertEvent(event, 'progress');
    const { applied, durable } = event;
    context.peers.set(nodeOf(event.from), { applied, durable });
    context.heard.add(nodeOf(event.from));
    context.heardLately.add(nodeOf(event.from));
  },

  /** Tells the others, and the leader beside, how far this replica is. */
  tellProgress({ context }: OnlyContext): Effect[] {
    const leader = addressOf(context.node, 'leader');
    const heard = context.heardLately.size;
    context.heardLately.clear();
    return [
      ...otherReplicas(context).map((other) => send<Progress>(other, progressOf(context))),
      send<Applied>(leader, { type: 'applied', slot: context.state.applied, heard }),
    ];
  },

  /** What a majority has applied durably the acceptors may forget (PMMC, section 4.2). */
  collect({ context }: OnlyContext): Effect[] {
    const durable = context.nodes.map((node) =>
      node === context.node ? context.state.durable : (context.peers.get(node)?.durable ?? 0),
    );
    durable.sort((a, b) => b - a);
    const floor = durable[majorityOf(context.nodes.length) - 1]! + 1;
    if (floor <= context.floor) return [];
    context.floor = floor;
    const message: Collect = { type: 'collect', floor };
    return ['acceptor', 'leader'].map((role) => send(addressOf(context.node, role), message));
  },

  /** Asks a replica that is further: the one that has just answered, else each in turn, for one may be dead. */
  askDecisions({ context, event }: Arguments): Effect[] {
    const { nodes, peers, state, askedLast } = context;
    const turn = askedLast === undefined ? 0 : nodes.indexOf(askedLast) + 1;
    const answered = event.type === 'decisions' ? [nodeOf(event.from)] : [];
    const node = [...answered, ...nodes.slice(turn), ...nodes.slice(0, turn)].find(
      (other) => (peers.get(other)?.applied ?? 0) > state.applied,
    );
    if (node === undefined) return [];
    context.askedLast = node;
    return [send<CatchUp>(addressOf(node, 'replica'), { type: 'catchUp', fromSlot: state.applied + 1 })];
  },

  sendDecisions({ context, event }: Arguments): Effect[] {
    assertEvent(event, 'catchUp');
    const { state, log, settings } = context;
    const batches = decisionsFrom(log, event.fromSlot, state.applied, settings.catchUpBytesMax);
    if (batches.length > 0) {
      return [send<Decisions>(event.from, { type: 'decisions', firstSlot: event.fromSlot, batches })];
    }
    return event.fromSlot <= state.durable ? offerSnapshot(context, event.from, event.fromSlot - 1) : [];
  },

  forgetSender({ context, event }: Arguments): void {
    assertEvent(event, 'done');
    context.sendingTo.delete(keyOf(event.from));
  },

  beginInstall({ context, event }: Arguments): void {
    assertEvent(event, 'snapshotOffer');
    context.state.beginInstall(event.index);
    context.snapshotFrom = event.from;
  },

  askPiece({ context }: OnlyContext): Effect[] {
    const cursor = context.state.installCursor;
    if (context.snapshotFrom === undefined || cursor === undefined) return [];
    return [send<SnapshotRequest>(context.snapshotFrom, { type: 'snapshotRequest', cursor })];
  },

  storePiece({ context, event }: Arguments): Effect {
    assertEvent(event, 'snapshotPiece');
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

  goOnFromSnapshot({ context }: OnlyContext): void {
    context.state.installed();
    context.snapshotFrom = undefined;
    skipTo(context.log, context.state.applied);
  },
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
export function isNextPiece(
  { state, snapshotFrom }: ReplicaContext,
  event: SnapshotPiece & { from: Address },
): boolean {
  const cursor = state.installCursor;
  if (cursor === undefined || event.from !== snapshotFrom || event.piece.index !== state.installing)
    return false;
  return event.piece.sequence === (cursor?.sequence ?? 0);
}

function progressOf({ state }: ReplicaContext): Progress {
  return { type: 'progress', applied: state.applied, durable: state.durable };
}

/** One sender for each replica that is behind, each with its own view of the disk. */
function offerSnapshot(context: ReplicaContext, to: Address, applied: Slot): Effect[] {
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
