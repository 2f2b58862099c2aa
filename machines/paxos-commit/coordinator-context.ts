import type { Address } from '../../actors/address.ts';
import { addressOf } from '../../actors/address.ts';
import type { DoneEvent } from '../../actors/effects.ts';
import type { Received } from '../../actors/envelope.ts';
import type { JournalView } from '../../actors/journal.ts';
import type { Random } from '../../actors/random.ts';
import { type Ballot, LOWEST_BALLOT } from '../paxos/ballot.ts';
import type { CommanderOutcome } from '../paxos/commander.ts';
import type { ElectionContext } from '../paxos/leader-context.ts';
import type { Canvass, CanvassReply, Heartbeat, Objection } from '../paxos/messages.ts';
import type { Slot } from '../paxos/pvalue.ts';
import type { ScoutOutcome } from '../paxos/scout.ts';
import type { Batch } from '../replication/batch.ts';
import type { CoordinatorRequest } from '../two-phase-commit/client-messages.ts';
import type { CoordinatorContext as PlainContext } from '../two-phase-commit/coordinator-context.ts';
import { GroupJournal } from '../two-phase-commit/journal.ts';
import { LockTable } from '../two-phase-commit/locks.ts';
import type { CoordinatorMessage } from '../two-phase-commit/messages.ts';
import { SessionTable } from '../two-phase-commit/sessions.ts';
import type { TransactionId } from '../two-phase-commit/transaction-id.ts';
import type { Validation } from '../two-phase-commit/validator.ts';
import type { Outranked, Overdue } from './messages.ts';
import type { PaxosCommitSettings } from './settings.ts';
import { SlottedGroups } from './slotted-groups.ts';

export interface CoordinatorInput {
  readonly node: string;
  /** All nodes: each has an acceptor and a coordinator. */
  readonly nodes: readonly string[];
  /** Who votes on transactions. */
  readonly followers: readonly string[];
  readonly settings: PaxosCommitSettings;
  readonly random: Random;
  /** The ballot that the acceptor beside has promised: no ballot of this coordinator's former lives is above it. */
  readonly promised: Ballot;
  /** Slots below are those of groups that have ended. */
  readonly floor: Slot;
  /** Leads without first missing a leader: one node, when the cluster is new. */
  readonly leadsFirst: boolean;
}

/** What a leader has while it leads, over all its ballots in a row. */
interface Leadership {
  life: number;
  groups: SlottedGroups;
  sessions: PlainContext['sessions'];
  locks: PlainContext['locks'];
  validations: PlainContext['validations'];
}

export interface CoordinatorContext
  extends ElectionContext,
    Omit<PlainContext, keyof Leadership>,
    Leadership {
  readonly settings: PaxosCommitSettings;
  readonly random: Random;
  /** It has led since it last followed, or settles what it found to lead. */
  leads: boolean;
  settlement: Settlement;
}

/** Slots whose values a new ballot has to get chosen, before it goes on. */
export interface Settlement {
  /** What is proposed in each of them. */
  readonly values: ReadonlyMap<Slot, Batch>;
  /** Those that wait for a commander, and those that have one. */
  readonly waiting: Slot[];
  readonly open: Set<Slot>;
  /** The first slot that is free then. */
  readonly nextSlot: Slot;
}

export const NOTHING_TO_SETTLE: Settlement = { values: new Map(), waiting: [], open: new Set(), nextSlot: 1 };

export type CoordinatorEvent =
  | Received<
      | CoordinatorRequest
      | CoordinatorMessage
      | Heartbeat
      | Objection
      | Canvass
      | CanvassReply
      | Overdue
      | Outranked
    >
  | DoneEvent<TransactionId | Validation | ScoutOutcome | CommanderOutcome>;

export interface Arguments {
  readonly context: CoordinatorContext;
  readonly event: CoordinatorEvent;
}
export type OnlyContext = Pick<Arguments, 'context'>;

/** The coordinator records nothing; what is recorded at its node is the follower's and the acceptor's. */
const NO_RECORDS: JournalView = { get: () => undefined, range: () => [].values() };

export function newCoordinatorContext(input: CoordinatorInput): CoordinatorContext {
  const { node, settings, promised } = input;
  const self: Address = addressOf(node, 'coordinator');
  return {
    node,
    nodes: input.nodes,
    followers: input.followers,
    settings,
    random: input.random,
    self,
    journal: new GroupJournal(NO_RECORDS, node),
    leadsFirst: input.leadsFirst,
    isForgetful: false,
    ballot: promised,
    seen: promised,
    applied: 0,
    deafness: 0,
    floor: input.floor,
    backOff: 1,
    following: undefined,
    canvassRound: 0,
    agreed: new Set(),
    settlement: NOTHING_TO_SETTLE,
    learner: undefined,
    isClosed: false,
    challenges: new Map(),
    ...nothingLed(settings),
  };
}

type Led = Pick<
  CoordinatorContext,
  | keyof Leadership
  | 'leads'
  | 'granted'
  | 'unvalidated'
  | 'validationsBegun'
  | 'voting'
  | 'pending'
  | 'pendingBytes'
  | 'beginRequested'
>;

function nothingLed(settings: PaxosCommitSettings): Led {
  return { ...newLeadership(0, LOWEST_BALLOT, settings), leads: false };
}

/** What a leader begins with, in a life of its own. */
export function newLeadership(life: number, ballot: Ballot, { sessionsMax }: PaxosCommitSettings): Led {
  return {
    leads: true,
    life,
    groups: new SlottedGroups(ballot),
    sessions: new SessionTable(life, sessionsMax),
    locks: new LockTable(),
    granted: [],
    unvalidated: [],
    validations: new Map(),
    validationsBegun: 0,
    voting: 0,
    pending: 0,
    pendingBytes: 0,
    beginRequested: false,
  };
}
