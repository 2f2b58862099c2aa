import type { Address } from '../../actors/address.ts';
import type { Outcome } from './replicated-state.ts';

// What clients and replicas say to one another, whatever the protocol between the replicas.

/** Commands of one session, or the opening of one. */
export type Request = {
  readonly type: 'request';
  readonly chunk: Uint8Array;
  /** By what the answer is known: the session's number, or the nonce of its opening. */
  readonly key: number | string;
  /** Set when a replica passes the request on to the one beside the leader. */
  readonly client?: Address;
};
export type Reply = { readonly type: 'reply'; readonly outcome: Outcome };

/** Questions to applications; linearizable, or answered from what this replica has applied. */
export type Query = {
  readonly type: 'query';
  readonly id: number;
  readonly linearizable: boolean;
  readonly questions: readonly (readonly [application: string, query: unknown])[];
};
/** Answers to the questions from the `first` on, in their order; the rest comes in another message. */
export type Answers = {
  readonly type: 'answers';
  readonly id: number;
  readonly first: number;
  readonly answers: readonly Answer[];
};
/** An answer, or why there is none. */
export type Answer = readonly [answer: unknown] | readonly [undefined, code: string, message: string];

/** A question that is answered once the application has applied more than `newerThan` operations. Not linearizable. */
export type Follow = {
  readonly type: 'follow';
  readonly id: number;
  readonly application: string;
  readonly query: unknown;
  readonly newerThan: number;
};
/** The answer, as of the application's `version`-th operation. */
export type Followed = {
  readonly type: 'followed';
  readonly id: number;
  readonly answer: Answer;
  readonly version: number;
};

export type StatusRequest = { readonly type: 'status'; readonly id: number };
export type ReplicaStatus = {
  readonly type: 'replicaStatus';
  readonly id: number;
  /** The node that leads, as far as this one knows. */
  readonly leader: string | undefined;
  /** Commands are applied up to this position of the log; on disk up to `durable`. */
  readonly applied: number;
  readonly durable: number;
  /** It has all that it knows to be decided. */
  readonly current: boolean;
};

/** Who belongs to a cluster. */
export interface Members {
  readonly voters: readonly string[];
  /** They receive everything and have no voice yet. */
  readonly learners: readonly string[];
  /** It is not settled yet. */
  readonly changing: boolean;
}

/** What the role says that leads, or follows, for its node. */
export type LeaderStatus = {
  readonly type: 'leaderStatus';
  readonly id: number;
  readonly leads: boolean;
  /** Of its reign: the higher one is the later. Equal ones of two nodes: the higher name's. */
  readonly term: number;
  /** Where they may change. */
  readonly members?: Members;
  /** Places of the log that are proposed and not yet decided, and chunks that wait for one. */
  readonly open: number;
  readonly pending: number;
  /** Whether it counts towards a majority: not while it learns, nor when it has lost its memory. */
  readonly hasVote: boolean;
};

export type ClientMessage = Request | Query | Follow | StatusRequest;
