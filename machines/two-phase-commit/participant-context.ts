import type { Address } from '../../actors/address.ts';
import type { DoneEvent, PersistedEvent } from '../../actors/effects.ts';
import type { Received } from '../../actors/envelope.ts';
import type { ParticipantRequest } from './client-messages.ts';
import type { FollowedGroup, FollowerOutcome, Ground, KeyHolder } from './follower-context.ts';
import type { ParticipantMessage, Refusals } from './messages.ts';
import type { Decision } from './presumption.ts';
import type { Transaction } from './transaction.ts';
import type { TransactionId } from './transaction-id.ts';

/** A decision that somebody may ask for. */
export interface KeptDecision {
  readonly decision: Decision;
  /** What it has written is on disk in the store. */
  isDurable: boolean;
  /** How it has voted in this life, where it has. */
  readonly vote: Refusals | undefined;
}

/** What is asked of the store: values, or whether transactions that write nothing agree with it. */
export type Question = { readonly asker: Address; readonly id: number } & (
  | { readonly kind: 'read'; readonly keys: readonly string[] }
  | { readonly kind: 'validation'; readonly contents: readonly Transaction[] }
);

/** A question that waits for keys. */
export interface WaitingRead {
  readonly holder: KeyHolder;
  readonly question: Question;
}

/** What a participant keeps. Its collections are changed in place. */
export interface ParticipantContext {
  readonly ground: Ground;
  readonly self: Address;
  /** Groups that are not decided here; each has an actor. */
  readonly groups: Map<TransactionId, FollowedGroup>;
  /** What is decided here, until the mark has passed it. */
  readonly kept: Map<TransactionId, KeptDecision>;
  /** Groups that have written to the store since it was last handed to the disk... */
  written: TransactionId[];
  /** ...and those of each hand-over that is under way. */
  readonly flushing: (readonly TransactionId[])[];
  /** By their tickets. */
  readonly reads: Map<number, WaitingRead>;
  lastTicket: number;
}

export type ParticipantEvent =
  | Received<ParticipantRequest | ParticipantMessage | PersistedEvent>
  | DoneEvent<FollowerOutcome>;

export interface Arguments {
  readonly context: ParticipantContext;
  readonly event: ParticipantEvent;
}
export type OnlyContext = Pick<Arguments, 'context'>;
