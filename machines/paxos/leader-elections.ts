import { assertEvent } from 'xstate';
import { type Address, addressOf, nodeOf, roleOf } from '../../actors/address.ts';
import { type Effect, send, sendEarly, spawn, stop } from '../../actors/effects.ts';
import { majorityOf } from '../replication/batch.ts';
import { ballotAbove, compareBallots, highestBallot, LOWEST_BALLOT } from './ballot.ts';
import { type ElectionContext, keyOf, type LeaderEvent, others, tellReplica } from './leader-context.ts';
import type { Canvass, CanvassReply, Heartbeat, Objection } from './messages.ts';
import type { ScoutInput } from './scout.ts';

const BACK_OFF_MAX = 8;

/** A leader that hears of no majority this often in a row, a time of telling progress each, leads no more. */
const DEAFNESS_MAX = 5;

interface Arguments {
  readonly context: ElectionContext;
  readonly event: LeaderEvent;
}
type OnlyContext = Pick<Arguments, 'context'>;

// Who leads: failure detection, canvassing, ballots, and when to give up.

export const guards = {
  leadsFirst: ({ context }: OnlyContext) => context.leadsFirst,
  mayStand: ({ context }: OnlyContext) => !context.isForgetful,
  isNew: ({ context }: OnlyContext) =>
    !context.isForgetful && compareBallots(context.seen, LOWEST_BALLOT) === 0,
  isCurrent: ({ context, event }: Arguments) =>
    event.type === 'heartbeat' && compareBallots(event.ballot, context.seen) >= 0,
  isOutdated: ({ context, event }: Arguments) =>
    event.type === 'heartbeat' && compareBallots(event.ballot, context.seen) < 0,
  outranks: ({ context, event }: Arguments) =>
    'ballot' in event && compareBallots(event.ballot, context.ballot) > 0,
  isDeaf: ({ context, event }: Arguments) =>
    event.type === 'applied' && !hearsMajority(context, event) && context.deafness + 1 >= DEAFNESS_MAX,
  isPreempted: ({ context, event }: Arguments) =>
    event.type === 'done' &&
    event.output.kind === 'preempted' &&
    compareBallots(event.output.ballot, context.ballot) > 0,
  agreesThisTime: ({ context, event }: Arguments) =>
    event.type === 'canvassReply' && event.round === context.canvassRound,
  majorityAgrees: ({ context }: OnlyContext) => context.agreed.size >= majorityOf(context.nodes.length),
};

export const actions = {
  follow({ context, event }: Arguments): Effect[] {
    assertEvent(event, 'heartbeat');
    context.seen = event.ballot;
    context.backOff = 1;
    return tellReplica(context, event.ballot);
  },

  followNobody({ context }: OnlyContext): Effect[] {
    return tellReplica(context, undefined);
  },

  object({ context, event }: Arguments): Effect {
    assertEvent(event, 'heartbeat');
    return send<Objection>(event.from, { type: 'objection', ballot: context.seen });
  },

  heed({ context, event }: Arguments): void {
    assertEvent(event, 'objection');
    context.seen = highestBallot(context.seen, event.ballot);
  },

  backOff({ context, event }: Arguments): void {
    const ballot = event.type === 'done' ? event.output : event;
    if ('ballot' in ballot) context.seen = highestBallot(context.seen, ballot.ballot);
    context.backOff = Math.min(context.backOff * 2, BACK_OFF_MAX);
  },

  startCanvass({ context }: OnlyContext): void {
    context.canvassRound += 1;
    context.agreed = new Set([context.node]);
  },

  /** Early: it asks, and says nothing. */
  canvassOthers({ context }: OnlyContext): Effect[] {
    const message: Canvass = { type: 'canvass', round: context.canvassRound };
    return peersOf(context).map((peer) => sendEarly(peer, message));
  },

  /** Early: that no leader was heard of rests on no record. */
  agree({ context, event }: Arguments): Effect {
    assertEvent(event, 'canvass');
    const message: CanvassReply = { type: 'canvassReply', round: event.round, ballot: context.seen };
    return sendEarly(event.from, message);
  },

  countAgreement({ context, event }: Arguments): void {
    assertEvent(event, 'canvassReply');
    context.agreed.add(nodeOf(event.from));
    context.seen = highestBallot(context.seen, event.ballot);
  },

  startScout({ context }: OnlyContext): Effect {
    context.ballot = ballotAbove(context.seen, context.node);
    context.seen = context.ballot;
    const input: ScoutInput = {
      ballot: context.ballot,
      nodes: context.nodes,
      fromSlot: Math.max(context.applied + 1, context.floor),
      retryMs: context.settings.retryMs,
    };
    return spawn('scout', keyOf(context.ballot), input);
  },

  stopScout({ context }: OnlyContext): Effect {
    return stop('scout', keyOf(context.ballot));
  },

  announce({ context }: OnlyContext): Effect[] {
    context.backOff = 1;
    return tellReplica(context, context.ballot);
  },

  /** Early: the ballot was adopted by a durable majority, and a heartbeat says no more. */
  beat({ context }: OnlyContext): Effect[] {
    return peersOf(context).map((peer) => sendEarly(peer, heartbeatOf(context)));
  },

  answerCanvass({ context, event }: Arguments): Effect {
    return send<Heartbeat>(event.from, heartbeatOf(context));
  },

  /** No ballot of its own below this one may be used again: what was proposed in it is forgotten here. */
  noteRecovery({ context, event }: Arguments): void {
    assertEvent(event, 'recovered');
    context.isForgetful = false;
    context.seen = highestBallot(context.seen, event.ballot);
    context.floor = Math.max(context.floor, event.floor);
  },

  rememberApplied({ context, event }: Arguments): void {
    assertEvent(event, 'applied');
    context.applied = event.slot;
    context.deafness = hearsMajority(context, event) ? 0 : context.deafness + 1;
  },

  /** Backs off without having heard of a higher ballot. */
  resign({ context }: OnlyContext): void {
    context.deafness = 0;
    context.backOff = Math.min(context.backOff * 2, BACK_OFF_MAX);
  },
};

/** The same role of the other nodes. */
function peersOf(context: ElectionContext): Address[] {
  return others(context).map((node) => addressOf(node, roleOf(context.self)));
}

function heartbeatOf({ ballot }: ElectionContext): Heartbeat {
  return { type: 'heartbeat', ballot };
}

function hearsMajority({ nodes }: ElectionContext, { heard }: { readonly heard: number }): boolean {
  return heard + 1 >= majorityOf(nodes.length);
}
