import { assertEvent, setup } from 'xstate';
import { type Address, addressOf, nodeOf } from '../../actors/address.ts';
import { type DoneEvent, type Effect, send, sendEarly, spawn, stop } from '../../actors/effects.ts';
import type { Received } from '../../actors/envelope.ts';
import type { RefusedMessage } from '../../actors/node.ts';
import type { Random } from '../../actors/random.ts';
import { majorityOf } from '../replication/batch.ts';
import type { LeaderStatus } from '../replication/client-messages.ts';
import type { Leadership, ReadConfirmed } from '../replication/leader-messages.ts';
import { enqueue } from '../replication/pending.ts';
import { type Ballot, ballotAbove, compareBallots, highestBallot, LOWEST_BALLOT } from './ballot.ts';
import type { CommanderInput, CommanderOutcome } from './commander.ts';
import type {
  Canvass,
  CanvassReply,
  Heartbeat,
  LeaderMessage,
  Objection,
  OpenSlots,
  ReadCheck,
} from './messages.ts';
import { closeSlot, collectSlots, openSlot, type Proposals, proposalsAfter } from './proposals.ts';
import type { Slot } from './pvalue.ts';
import type { ScoutInput, ScoutOutcome } from './scout.ts';
import type { PaxosSettings } from './settings.ts';

export interface LeaderInput {
  readonly node: string;
  readonly nodes: readonly string[];
  readonly settings: PaxosSettings;
  readonly random: Random;
  /** The ballot that the acceptor beside has promised: no ballot of this leader's former lives is above it. */
  readonly promised: Ballot;
  /** Slots up to this are applied by the replica beside. */
  readonly applied: Slot;
  /** Slots below this are decided, and gone from the acceptors. */
  readonly floor: Slot;
  /** Leads without first missing a leader: one node, when the cluster is new. */
  readonly leadsFirst: boolean;
  /** The acceptor beside has lost its memory, and so perhaps that of this leader's former ballots. */
  readonly isForgetful: boolean;
}

interface LeaderContext extends Omit<LeaderInput, 'promised' | 'applied' | 'floor' | 'isForgetful'> {
  isForgetful: boolean;
  readonly self: Address;
  /** The last ballot of this leader. */
  ballot: Ballot;
  /** The highest ballot that it has heard of. */
  seen: Ballot;
  applied: Slot;
  /** How often in a row the replica beside has heard of no majority. */
  deafness: number;
  floor: Slot;
  /** Stretches the wait before the next attempt; doubled by every preemption (PMMC, section 3). */
  backOff: number;
  /** The ballot of the leader that the replica beside has been told of. */
  following: Ballot | undefined;
  canvassRound: number;
  agreed: Set<string>;
  proposals: Proposals;
  slotsRequested: boolean;
  /** Every command that anybody was told is done stands in a slot up to this. */
  readSlot: Slot;
  readRound: number;
  readAcks: Set<Address>;
  /** Reads that a round is under way for, and those that wait for the next one, by replica and ticket. */
  readsAsked: ReadTickets;
  readsWaiting: ReadTickets;
}

type ReadTickets = Map<string, { readonly replica: Address; readonly ticket: string }>;

type LeaderEvent = Received<LeaderMessage> | DoneEvent<ScoutOutcome | CommanderOutcome>;
interface Arguments {
  readonly context: LeaderContext;
  readonly event: LeaderEvent;
}
type OnlyContext = Pick<Arguments, 'context'>;

const BACK_OFF_MAX = 8;

/** A leader that hears of no majority this often in a row, a time of telling progress each, leads no more. */
const DEAFNESS_MAX = 5;

/** More read rounds than a ballot sees: those of two ballots share no number, so an answer to an old one counts for none. */
const READ_ROUNDS_MAX = 2 ** 32;

/**
 * Drives ballots (PMMC, figure 7). It waits while it hears from a leader; when it does not, it asks the others
 * whether they do, and only then starts a ballot of its own: so a node that is merely cut off preempts nobody.
 * While active it assigns slots to commands, a commander for each slot, and confirms linearizable reads.
 */
export const leader = setup({
  types: {} as { context: LeaderContext; events: LeaderEvent; input: LeaderInput },
  guards: {
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
    isAdopted: ({ context, event }: Arguments) =>
      event.type === 'done' &&
      event.output.kind === 'adopted' &&
      compareBallots(event.output.ballot, context.ballot) === 0,
    isPreempted: ({ context, event }: Arguments) =>
      event.type === 'done' &&
      event.output.kind === 'preempted' &&
      compareBallots(event.output.ballot, context.ballot) > 0,
    isDecided: ({ event }: Arguments) => event.type === 'done' && event.output.kind === 'decided',
    agreesThisTime: ({ context, event }: Arguments) =>
      event.type === 'canvassReply' && event.round === context.canvassRound,
    majorityAgrees: ({ context }: OnlyContext) => context.agreed.size >= majorityOf(context.nodes.length),
    readsWait: ({ context }: OnlyContext) => context.readsWaiting.size > 0,
    majorityConfirms: ({ context }: OnlyContext) => context.readAcks.size >= majorityOf(context.nodes.length),
  },
  actions: {
    follow,
    followNobody,
    object,
    heed,
    startCanvass,
    canvassOthers,
    agree,
    countAgreement,
    startScout,
    stopScout,
    backOff,
    adopt,
    announce,
    beat,
    answerCanvass: ({ context, event }: Arguments) => send<Heartbeat>(event.from, heartbeatOf(context)),
    takeProposal,
    refuseProposal,
    requestSlots,
    openSlots,
    closeDecided,
    abandon,
    collect,
    noteRecovery,
    rememberApplied,
    resign,
    queueRead,
    startReadRound,
    askReadRound,
    countReadAck,
    confirmReads,
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
  context: ({ input }) => ({
    node: input.node,
    nodes: input.nodes,
    settings: input.settings,
    random: input.random,
    self: addressOf(input.node, 'leader'),
    ballot: input.promised,
    seen: input.promised,
    applied: input.applied,
    deafness: 0,
    floor: input.floor,
    backOff: 1,
    following: undefined,
    canvassRound: 0,
    agreed: new Set<string>(),
    proposals: proposalsAfter(new Map(), input.floor),
    slotsRequested: false,
    readSlot: 0,
    readRound: 0,
    readAcks: new Set<Address>(),
    readsAsked: new Map(),
    readsWaiting: new Map(),
    leadsFirst: input.leadsFirst,
    isForgetful: input.isForgetful,
  }),
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

function others({ node, nodes }: LeaderContext): string[] {
  return nodes.filter((other) => other !== node);
}

/**
 * Tells the replica beside who leads, when that has changed; the ballot alone is change enough, for what the same
 * leader was asked in its last one is lost.
 */
function tellReplica(context: LeaderContext, ballot: Ballot | undefined): Effect[] {
  const { following, node } = context;
  const isSame =
    following === undefined || ballot === undefined
      ? following === ballot
      : compareBallots(following, ballot) === 0;
  if (isSame) return [];
  context.following = ballot;
  return [send<Leadership>(addressOf(node, 'replica'), { type: 'leadership', leader: ballot?.leader })];
}

function follow({ context, event }: Arguments): Effect[] {
  assertEvent(event, 'heartbeat');
  context.seen = event.ballot;
  context.backOff = 1;
  return tellReplica(context, event.ballot);
}

function followNobody({ context }: OnlyContext): Effect[] {
  return tellReplica(context, undefined);
}

function object({ context, event }: Arguments): Effect {
  assertEvent(event, 'heartbeat');
  return send<Objection>(event.from, { type: 'objection', ballot: context.seen });
}

function heed({ context, event }: Arguments): void {
  assertEvent(event, 'objection');
  context.seen = highestBallot(context.seen, event.ballot);
}

function backOff({ context, event }: Arguments): void {
  const ballot = event.type === 'done' ? event.output : event;
  if ('ballot' in ballot) context.seen = highestBallot(context.seen, ballot.ballot);
  context.backOff = Math.min(context.backOff * 2, BACK_OFF_MAX);
}

function startCanvass({ context }: OnlyContext): void {
  context.canvassRound += 1;
  context.agreed = new Set([context.node]);
}

/** Early: it asks, and says nothing. */
function canvassOthers({ context }: OnlyContext): Effect[] {
  const message: Canvass = { type: 'canvass', round: context.canvassRound };
  return others(context).map((node) => sendEarly(addressOf(node, 'leader'), message));
}

/** Early: that no leader was heard of rests on no record. */
function agree({ context, event }: Arguments): Effect {
  assertEvent(event, 'canvass');
  const message: CanvassReply = { type: 'canvassReply', round: event.round, ballot: context.seen };
  return sendEarly(event.from, message);
}

function countAgreement({ context, event }: Arguments): void {
  assertEvent(event, 'canvassReply');
  context.agreed.add(nodeOf(event.from));
  context.seen = highestBallot(context.seen, event.ballot);
}

function startScout({ context }: OnlyContext): Effect {
  context.ballot = ballotAbove(context.seen, context.node);
  context.seen = context.ballot;
  const input: ScoutInput = {
    ballot: context.ballot,
    nodes: context.nodes,
    fromSlot: Math.max(context.applied + 1, context.floor),
    retryMs: context.settings.retryMs,
  };
  return spawn('scout', keyOf(context.ballot), input);
}

function stopScout({ context }: OnlyContext): Effect {
  return stop('scout', keyOf(context.ballot));
}

function adopt({ context, event }: Arguments): void {
  assertEvent(event, 'done');
  if (event.output.kind !== 'adopted') return;
  context.proposals = proposalsAfter(event.output.accepted, event.output.floor);
  // What former ballots may have decided, and so somebody may have been told of.
  context.readSlot = context.proposals.nextSlot - 1;
  context.readRound = context.ballot.round * READ_ROUNDS_MAX;
  context.readsAsked = new Map();
  context.readsWaiting = new Map();
  context.slotsRequested = false;
  // What it did not hear before it led says nothing of those who follow it.
  context.deafness = 0;
}

function announce({ context }: OnlyContext): Effect[] {
  context.backOff = 1;
  return tellReplica(context, context.ballot);
}

function heartbeatOf({ ballot }: LeaderContext): Heartbeat {
  return { type: 'heartbeat', ballot };
}

/** Early: the ballot was adopted by a durable majority, and a heartbeat says no more. */
function beat({ context }: OnlyContext): Effect[] {
  return others(context).map((node) => sendEarly(addressOf(node, 'leader'), heartbeatOf(context)));
}

function takeProposal({ context, event }: Arguments): Effect | undefined {
  assertEvent(event, 'propose');
  if (enqueue(context.proposals.pending, event.chunk, context.settings)) return undefined;
  return send<RefusedMessage>(event.client, { type: 'refused' });
}

function refuseProposal({ event }: Arguments): Effect {
  assertEvent(event, 'propose');
  return send<RefusedMessage>(event.client, { type: 'refused' });
}

/** Slots are opened once what this turn brings has been gathered: many commands share one. */
function requestSlots({ context }: OnlyContext): Effect | undefined {
  if (context.slotsRequested) return undefined;
  context.slotsRequested = true;
  return send<OpenSlots>(context.self, { type: 'openSlots' });
}

function openSlots({ context }: OnlyContext): Effect[] {
  context.slotsRequested = false;
  const effects: Effect[] = [];
  for (;;) {
    const next = openSlot(context.proposals, context.settings);
    if (next === undefined) return effects;
    const input: CommanderInput = {
      node: context.node,
      nodes: context.nodes,
      pvalue: { ballot: context.ballot, ...next },
      retryMs: context.settings.retryMs,
    };
    effects.push(spawn('commander', keyOf(context.ballot, next.slot), input));
  }
}

function closeDecided({ context, event }: Arguments): void {
  assertEvent(event, 'done');
  if (event.output.kind !== 'decided') return;
  closeSlot(context.proposals, event.output.slot);
  context.readSlot = Math.max(context.readSlot, event.output.slot);
}

/** Leaves the ballot. What it has proposed lives on in the acceptors; what waits, clients send again. */
function abandon({ context }: OnlyContext): Effect[] {
  const { open, floor } = context.proposals;
  const commanders = [...open.keys()].map((slot) => stop('commander', keyOf(context.ballot, slot)));
  context.proposals = proposalsAfter(new Map(), floor);
  context.readsAsked = new Map();
  context.readsWaiting = new Map();
  return [...commanders, ...tellReplica(context, undefined)];
}

function collect({ context, event }: Arguments): void {
  assertEvent(event, 'collect');
  context.floor = Math.max(context.floor, event.floor);
  collectSlots(context.proposals, event.floor);
}

/** No ballot of its own below this one may be used again: what was proposed in it is forgotten here. */
function noteRecovery({ context, event }: Arguments): void {
  assertEvent(event, 'recovered');
  context.isForgetful = false;
  context.seen = highestBallot(context.seen, event.ballot);
  context.floor = Math.max(context.floor, event.floor);
}

function rememberApplied({ context, event }: Arguments): void {
  assertEvent(event, 'applied');
  context.applied = event.slot;
  context.deafness = hearsMajority(context, event) ? 0 : context.deafness + 1;
}

/** Backs off without having heard of a higher ballot. */
function resign({ context }: OnlyContext): void {
  context.deafness = 0;
  context.backOff = Math.min(context.backOff * 2, BACK_OFF_MAX);
}

function hearsMajority({ nodes }: LeaderContext, { heard }: { readonly heard: number }): boolean {
  return heard + 1 >= majorityOf(nodes.length);
}

function queueRead({ context, event }: Arguments): void {
  assertEvent(event, 'confirmRead');
  const { from: replica, ticket } = event;
  // With no majority to ask, clients ask again and again.
  if (context.readsWaiting.size < context.settings.queriesMax)
    context.readsWaiting.set(`${replica} ${ticket}`, { replica, ticket });
}

function startReadRound({ context }: OnlyContext): void {
  context.readRound += 1;
  context.readAcks = new Set();
  context.readsAsked = context.readsWaiting;
  context.readsWaiting = new Map();
}

/** Early: it asks, and says nothing. One round answers for all reads that wait (PMMC, section 4.5). */
function askReadRound({ context }: OnlyContext): Effect[] {
  const message: ReadCheck = { type: 'readCheck', ballot: context.ballot, round: context.readRound };
  return context.nodes
    .map((node) => addressOf(node, 'acceptor'))
    .filter((acceptor) => !context.readAcks.has(acceptor))
    .map((acceptor) => sendEarly(acceptor, message));
}

function countReadAck({ context, event }: Arguments): void {
  assertEvent(event, 'readAck');
  if (event.round === context.readRound) context.readAcks.add(event.from);
}

/** A majority had promised nothing higher after these reads came: whatever was done before is in `readSlot`. */
function confirmReads({ context }: OnlyContext): Effect[] {
  const { readsAsked, readSlot: index } = context;
  context.readsAsked = new Map();
  return Array.from(readsAsked.values(), ({ replica, ticket }) =>
    send<ReadConfirmed>(replica, { type: 'readConfirmed', ticket, index }),
  );
}

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

/** The key of a scout, or of a commander: no two ballots share one, so answers to an old one reach nobody. */
function keyOf({ round, leader: owner }: Ballot, slot?: Slot): string {
  return slot === undefined ? `${round}.${owner}` : `${round}.${owner}.${slot}`;
}
