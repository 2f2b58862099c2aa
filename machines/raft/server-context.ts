import { type Address, addressOf, nodeOf } from '../../actors/address.ts';
import type { Clock } from '../../actors/clock.ts';
import { type Effect, send, sendEarly } from '../../actors/effects.ts';
import type { Message, Received } from '../../actors/envelope.ts';
import type { Random } from '../../actors/random.ts';
import { nothingPending, type Pending } from '../replication/pending.ts';
import { type Configuration, canDecide, membersOf } from './configuration.ts';
import { configurationAt, configurationOf, type Log } from './log.ts';
import { type Member, nodeOfMember } from './member.ts';
import type { ServerMessage, WaitingRead } from './messages.ts';
import type { Progress } from './progress.ts';
import type { ServerRecords } from './records.ts';
import type { RaftSettings } from './settings.ts';

/** Of the numbers that tell memories apart. */
const NONCE_MAX = 2 ** 31 - 1;

export interface ServerInput {
  readonly node: string;
  readonly settings: RaftSettings;
  readonly random: Random;
  readonly clock: Pick<Clock, 'now'>;
  readonly records: ServerRecords;
  /** Entries up to this are applied by the replica beside, durably. */
  readonly applied: number;
  /** Stands for election without first missing a leader: one node, when the cluster is new. */
  readonly leadsFirst: boolean;
  /** It ran before and its journal is gone, or cannot be trusted. */
  readonly isForgetful: boolean;
  /** It has never run: it cannot have sworn loyalty to any leader. */
  readonly isNew: boolean;
}

export interface ServerContext {
  readonly node: string;
  readonly settings: RaftSettings;
  readonly random: Random;
  readonly clock: Pick<Clock, 'now'>;
  readonly self: Address;
  readonly replica: Address;
  readonly leadsFirst: boolean;
  readonly isNew: boolean;
  readonly repairs: ServerRecords['repairs'];
  /** Itself, as configurations name it. */
  member: Member;
  /** It has lost its memory, and is nobody until the leader has taken it in again. */
  isForgetful: boolean;
  /** Tells this memory from any other that its node has had. */
  readonly nonce: number;
  term: number;
  /** The member that it voted for in this term. */
  votedFor: Member | undefined;
  log: Log;
  /** Entries up to this are committed. */
  commit: number;
  /** Entries up to this are handed over to the replica beside. */
  handed: number;
  /** The commit index that the first leader of this life spoke of has been handed over. */
  caughtUp: boolean;
  /** The leader of the term, as far as it is known. */
  leader: string | undefined;
  /** The leader was heard of at this time; before this server restarted, it may have been. */
  heardMs: number;
  /** As the replica beside was told. */
  announced: string | undefined;

  // As a candidate.
  readonly votes: Set<string>;
  /** Told by the leader itself to stand. */
  isTransfer: boolean;

  // As a follower.
  /** Entries up to this are the leader's. */
  matched: number;
  /** The leader said that it has committed so much. */
  leaderCommit: number;

  /** When it last asked for a snapshot. */
  askedSnapshotMs: number;

  // As a leader.
  readonly progress: Map<string, Progress>;
  pending: Pending;
  appendRequested: boolean;
  /** The first entry of its term: until it is committed, what is committed is not known (section 6.4). */
  termStart: number;
  reads: WaitingRead[];
  /** The last round of heartbeats, and when those began that the last answers are to. */
  round: number;
  readonly roundsMs: Map<number, number>;
  /** Reads need ask nobody until then (section 6.4.1). */
  leaseUntilMs: number;
  /** It has told another to stand: who hears that late, in this term, is elected all the same. */
  hasToldSuccessor: boolean;
  /** To whom it hands over leadership. */
  transferTo: Member | undefined;
  /** Who are to be the voters. */
  goal: readonly Member[] | undefined;
  /** Nodes that have lost their memory, and the members that they are to be from then on. */
  readonly welcomes: Map<string, { readonly nonce: number; readonly member: Member }>;
}

export type ServerEvent = Received<ServerMessage>;
export interface Arguments {
  readonly context: ServerContext;
  readonly event: ServerEvent;
}
export type OnlyContext = Pick<Arguments, 'context'>;

export function newServerContext(input: ServerInput): ServerContext {
  const { node, settings, random, clock, records, applied, leadsFirst, isNew, isForgetful } = input;
  const { member, term, votedFor, log, repairs } = records;
  return {
    node,
    settings,
    random,
    clock,
    self: addressOf(node, 'server'),
    replica: addressOf(node, 'replica'),
    leadsFirst,
    isNew,
    repairs,
    member: member ?? node,
    isForgetful,
    nonce: random.integer(1, NONCE_MAX),
    term,
    votedFor,
    log,
    commit: Math.max(applied, log.base.index),
    handed: applied,
    caughtUp: false,
    leader: undefined,
    heardMs: isNew ? Number.NEGATIVE_INFINITY : clock.now(),
    announced: undefined,
    votes: new Set(),
    isTransfer: false,
    matched: 0,
    leaderCommit: 0,
    askedSnapshotMs: Number.NEGATIVE_INFINITY,
    progress: new Map(),
    pending: nothingPending(),
    appendRequested: false,
    termStart: 0,
    reads: [],
    round: 0,
    roundsMs: new Map(),
    leaseUntilMs: Number.NEGATIVE_INFINITY,
    hasToldSuccessor: false,
    transferTo: undefined,
    goal: undefined,
    welcomes: new Map(),
  };
}

export function serverOf(member: Member): Address {
  return addressOf(nodeOfMember(member), 'server');
}

/** Which member answered: one that has lost a memory says which it is now. */
export function memberIn(event: { readonly from: Address; readonly member?: Member | undefined }): Member {
  return event.member ?? nodeOf(event.from);
}

/** How a server names itself in its answers. */
export function signature({ member, node }: ServerContext): { readonly member?: Member } {
  return member === node ? {} : { member };
}

/** Whether it is a member as far as it is committed. */
export function isMember(context: ServerContext, member: Member): boolean {
  return membersOf(committedConfiguration(context)).includes(member);
}

/**
 * Whether it is counted on. One that comes in is, once the configuration with it alone is in its log: the joint one before
 * that is committed then, and with any majority of the new voters it can lead.
 */
export function hasVote({ isForgetful, log, member }: ServerContext): boolean {
  return !isForgetful && configurationOf(log).voters.includes(member);
}

function committedConfiguration({ log, commit }: ServerContext): Configuration {
  return configurationAt(log, Math.max(commit, log.base.index));
}

/** Whether those for whom `agrees` holds can decide, by the configuration in force. */
export function canDecideHere({ log }: ServerContext, agrees: (member: Member) => boolean): boolean {
  return canDecide(configurationOf(log), agrees);
}

/**
 * Sends what rests on the term alone, ahead of the disk: the term was durable at those who voted before there was a
 * leader in it (section 10.2.1). A voter alone has asked nobody, so it waits for its own disk.
 */
export function sendAhead<M extends Message>({ log }: ServerContext, to: Address, message: M): Effect {
  return configurationOf(log).voters.length === 1 ? send(to, message) : sendEarly(to, message);
}
