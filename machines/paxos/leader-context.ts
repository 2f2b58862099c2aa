import { type Address, addressOf } from '../../actors/address.ts';
import { type DoneEvent, type Effect, send } from '../../actors/effects.ts';
import type { Received } from '../../actors/envelope.ts';
import type { Random } from '../../actors/random.ts';
import type { Leadership } from '../replication/leader-messages.ts';
import { type Ballot, compareBallots } from './ballot.ts';
import type { CommanderOutcome } from './commander.ts';
import type { LeaderMessage } from './messages.ts';
import { type Proposals, proposalsAfter } from './proposals.ts';
import type { Slot } from './pvalue.ts';
import type { ScoutOutcome } from './scout.ts';
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

/** What a role keeps that stands for leader: of Multi-Paxos, or of Paxos Commit. */
export interface ElectionContext {
  readonly node: string;
  readonly nodes: readonly string[];
  readonly settings: Pick<PaxosSettings, 'retryMs'>;
  readonly leadsFirst: boolean;
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
}

export interface LeaderContext extends ElectionContext {
  readonly settings: PaxosSettings;
  readonly random: Random;
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

export type ReadTickets = Map<string, { readonly replica: Address; readonly ticket: string }>;

export type LeaderEvent = Received<LeaderMessage> | DoneEvent<ScoutOutcome | CommanderOutcome>;
export interface Arguments {
  readonly context: LeaderContext;
  readonly event: LeaderEvent;
}
export type OnlyContext = Pick<Arguments, 'context'>;

export function newLeaderContext(input: LeaderInput): LeaderContext {
  return {
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
  };
}

export function others({ node, nodes }: Pick<ElectionContext, 'node' | 'nodes'>): string[] {
  return nodes.filter((other) => other !== node);
}

/**
 * Tells the replica beside who leads, when that has changed; the ballot alone is change enough, for what the same
 * leader was asked in its last one is lost.
 */
export function tellReplica(context: ElectionContext, ballot: Ballot | undefined): Effect[] {
  const { following, node } = context;
  const isSame =
    following === undefined || ballot === undefined
      ? following === ballot
      : compareBallots(following, ballot) === 0;
  if (isSame) return [];
  context.following = ballot;
  return [send<Leadership>(addressOf(node, 'replica'), { type: 'leadership', leader: ballot?.leader })];
}

/** The key of a scout, or of a commander: no two ballots share one, so answers to an old one reach nobody. */
export function keyOf({ round, leader: owner }: Ballot, slot?: Slot): string {
  return slot === undefined ? `${round}.${owner}` : `${round}.${owner}.${slot}`;
}
