import type { Address } from '../../actors/address.ts';
import type { Batch } from '../replication/batch.ts';
import type { StatusRequest } from '../replication/client-messages.ts';
import type { ConfirmRead, Propose, ReadConfirmed } from '../replication/leader-messages.ts';
import type { Ballot } from './ballot.ts';
import type { Pvalue, Slot } from './pvalue.ts';
import type { Testimony } from './voices.ts';

// Between leaders, through their scouts and commanders, and acceptors (PMMC, figures 4 and 6).

/** Phase 1: adopt this ballot, and say what you have accepted from slot `fromSlot` on. */
export type P1a = { readonly type: 'p1a'; readonly ballot: Ballot; readonly fromSlot: Slot };
/** The acceptor's ballot, and its pvalues; slots below `floor` are decided, and gone. */
export type P1b = Testimony & {
  readonly type: 'p1b';
  readonly ballot: Ballot;
  readonly accepted: readonly Pvalue[];
  readonly floor: Slot;
};
/** Phase 2: accept this. `learner` is who is to hear of it, if not who asks. */
export type P2a = { readonly type: 'p2a'; readonly learner?: Address } & Pvalue;
/** The acceptor's ballot; if it is the commander's, the slot is accepted. */
export type P2b = Testimony & { readonly type: 'p2b'; readonly ballot: Ballot; readonly slot: Slot };
/** Are you still with this ballot? Asked for linearizable reads (PMMC, section 4.5). */
export type ReadCheck = { readonly type: 'readCheck'; readonly ballot: Ballot; readonly round: number };
export type ReadAck = { readonly type: 'readAck'; readonly ballot: Ballot; readonly round: number };

// Between an acceptor that has lost its memory and the others.

/** Which life of mine do you know of? The nonce tells the answers to this question from those to earlier ones. */
export type AskLife = { readonly type: 'askLife'; readonly nonce: number };
export type KnownLife = { readonly type: 'knownLife'; readonly nonce: number; readonly life: number };
/** I have begun this life: write it down, and tell me all that you know. */
export type Readmit = { readonly type: 'readmit'; readonly nonce: number; readonly life: number };
/** What I have promised and accepted; slots below `floor` are decided, and gone. */
export type Recollection = Testimony & {
  readonly type: 'recollection';
  readonly nonce: number;
  readonly ballot: Ballot;
  readonly accepted: readonly Pvalue[];
  readonly floor: Slot;
};

// Within a node, from the acceptor and to it.

/** The acceptor beside had lost its memory, and has recovered: no ballot of a former life is above this one. */
export type Recovered = { readonly type: 'recovered'; readonly ballot: Ballot; readonly floor: Slot };

/** The replica beside hears of what was accepted, so that a decision need not carry it again. */
export type Accepted = { readonly type: 'accepted' } & Pvalue;
/** Slots below `floor` are durably applied by a majority: forget them (PMMC, section 4.2). */
export type Collect = { readonly type: 'collect'; readonly floor: Slot };

// Between leaders.

/** I lead with this ballot. */
export type Heartbeat = { readonly type: 'heartbeat'; readonly ballot: Ballot };
/** I have heard of a higher ballot than your heartbeat's: nobody leads with it, but yours will not do. */
export type Objection = { readonly type: 'objection'; readonly ballot: Ballot };
/** Do you miss the leader too? */
export type Canvass = { readonly type: 'canvass'; readonly round: number };
export type CanvassReply = { readonly type: 'canvassReply'; readonly round: number; readonly ballot: Ballot };

// Between replicas and leaders.

/** How far the replica beside has applied: a new ballot need not ask below. To leader and acceptor. */
export type Applied = {
  readonly type: 'applied';
  readonly slot: Slot;
  /** On disk. */
  readonly durable: Slot;
  /** How many other replicas it has heard of since it last said so. */
  readonly heard: number;
};

// Between commanders and replicas, and between replicas.

/** The slot is decided; without a batch it is the one that was accepted with this ballot. */
export type Decision = {
  readonly type: 'decision';
  readonly ballot: Ballot;
  readonly slot: Slot;
  readonly batch?: Batch;
};
/** How far a replica is: applied in memory, and on disk. */
export type Progress = { readonly type: 'progress'; readonly applied: Slot; readonly durable: Slot };
/** How far are you? */
export type AskProgress = { readonly type: 'askProgress' };
/** Send me what was decided from this slot on. */
export type CatchUp = { readonly type: 'catchUp'; readonly fromSlot: Slot };
/** Consecutive decisions. */
export type Decisions = {
  readonly type: 'decisions';
  readonly firstSlot: Slot;
  readonly batches: readonly Batch[];
};

export type AcceptorMessage =
  | P1a
  | P2a
  | ReadCheck
  | Collect
  | Applied
  | AskLife
  | KnownLife
  | Readmit
  | Recollection
  | ReadConfirmed;
export type ScoutMessage = P1b;
export type CommanderMessage = P2b;
export type LeaderMessage =
  | Heartbeat
  | Objection
  | Canvass
  | CanvassReply
  | Propose
  | ConfirmRead
  | ReadAck
  | Collect
  | Applied
  | Recovered
  | StatusRequest
  | OpenSlots;

/** A leader's note to itself: gather what else this turn brings, then open slots for it. */
export type OpenSlots = { readonly type: 'openSlots' };

/** What the replicas of other protocols do not hear. */
export type PaxosReplicaMessage = Accepted | Decision | Progress | AskProgress | CatchUp | Decisions;
