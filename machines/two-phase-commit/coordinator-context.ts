import type { Address } from '../../actors/address.ts';
import { type DoneEvent, type Effect, send } from '../../actors/effects.ts';
import type { Received } from '../../actors/envelope.ts';
import type { Random } from '../../actors/random.ts';
import type { CoordinatorRequest } from './client-messages.ts';
import type { GroupJournal } from './journal.ts';
import type { LockTable } from './locks.ts';
import type { BeginGroups, CoordinatorMessage } from './messages.ts';
import type { Learner, OpenGroups } from './open-groups.ts';
import type { RequestedTransaction } from './requests.ts';
import type { SessionTable } from './sessions.ts';
import type { TwoPhaseCommitSettings } from './settings.ts';
import type { TransactionId } from './transaction-id.ts';
import type { Validation } from './validator.ts';

/** What a coordinator keeps. Its collections are changed in place. */
export interface CoordinatorContext {
  readonly node: string;
  readonly self: Address;
  readonly settings: TwoPhaseCommitSettings;
  readonly random: Random;
  readonly life: number;
  readonly journal: GroupJournal;
  readonly groups: OpenGroups;
  readonly sessions: SessionTable;
  readonly locks: LockTable<RequestedTransaction>;
  /** Who votes, in the order in which they are told. */
  followers: readonly string[];
  learner: Learner | undefined;
  /** Nothing is begun, for a follower is being taken in. */
  isClosed: boolean;
  /** Challenges that were not met, by the node. */
  readonly challenges: Map<string, number>;
  /** Transactions that have their keys and wait for a group, in the order in which they got them. */
  granted: RequestedTransaction[];
  /** Transactions that write nothing and wait to be validated; and those that are being, by the number of the question. */
  unvalidated: RequestedTransaction[];
  readonly validations: Map<number, readonly RequestedTransaction[]>;
  validationsBegun: number;
  /** Groups that are being voted on. */
  voting: number;
  /** Transactions that are not decided, and their bytes. */
  pending: number;
  pendingBytes: number;
  /** Whether it has told itself to begin groups. */
  beginRequested: boolean;
}

export type CoordinatorEvent =
  | Received<CoordinatorRequest | CoordinatorMessage>
  | DoneEvent<TransactionId | Validation>;

export interface Arguments {
  readonly context: CoordinatorContext;
  readonly event: CoordinatorEvent;
}
export type OnlyContext = Pick<Arguments, 'context'>;

/** Groups are begun once what this turn brings has been gathered: many transactions share one. */
export function requestGroups(context: CoordinatorContext): Effect[] {
  const { beginRequested, isClosed, granted, unvalidated } = context;
  if (beginRequested || isClosed || (granted.length === 0 && unvalidated.length === 0)) return [];
  context.beginRequested = true;
  return [send<BeginGroups>(context.self, { type: 'beginGroups' })];
}
