import type { Address } from '../../actors/address.ts';
import type { Received } from '../../actors/envelope.ts';
import type { AcceptorRecords } from './acceptor-records.ts';
import type { Ballot } from './ballot.ts';
import type { AcceptorMessage } from './messages.ts';
import type { Pvalue, Slot } from './pvalue.ts';
import type { PaxosSettings } from './settings.ts';
import type { Voices } from './voices.ts';

type AcceptorSettings = Pick<PaxosSettings, 'retryMs' | 'acceptedBytesMax'>;

export interface AcceptorInput {
  readonly node: string;
  /** All nodes: each has an acceptor. */
  readonly nodes: readonly string[];
  readonly settings: AcceptorSettings;
  /** What the acceptor has promised and accepted in its former lives. */
  readonly records: AcceptorRecords;
  /** It ran before, and its journal is gone or cannot be trusted. */
  readonly isForgetful: boolean;
  /** Tells this forgetful life from any other that its node has had. */
  readonly nonce: number;
}

export interface AcceptorContext {
  readonly node: string;
  readonly nodes: readonly string[];
  readonly replica: Address;
  readonly settings: AcceptorSettings;
  /** The highest ballot promised. */
  ballot: Ballot;
  /** The most recent pvalue of each slot from `floor` on (PMMC, section 4.1). */
  readonly accepted: Map<Slot, Pvalue>;
  acceptedBytes: number;
  /** Slots below are decided and applied durably by a majority. */
  floor: Slot;
  /** How often it has begun anew without its memory, and the others. */
  life: number;
  lives: ReadonlyMap<string, number>;
  readonly isForgetful: boolean;
  readonly nonce: number;
  /** While it recovers: those that have answered. */
  helpers: Voices;
  /** While it recovers: all that was decided before stands in slots up to this, once a leader has said so. */
  decided: Slot | undefined;
  /** While it recovers: how far the replica beside is, on disk. */
  repaired: Slot;
}

export type AcceptorEvent = Received<AcceptorMessage>;
export interface Arguments {
  readonly context: AcceptorContext;
  readonly event: AcceptorEvent;
}
export type OnlyContext = Pick<Arguments, 'context'>;
