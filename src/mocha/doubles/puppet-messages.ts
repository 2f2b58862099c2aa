import type { Address } from '../../../actors/address.ts';
import type { Message } from '../../../actors/envelope.ts';
import type * as two from '../../../machines/two-phase-commit/messages.ts';

// Between a test and the puppet that plays a node for it.

/** Says this to an actor of another node. */
export type Say = {
  readonly type: 'say';
  readonly id: number;
  readonly to: Address;
  readonly message: Message;
};
/** It has left the node. */
export type Said = { readonly type: 'said'; readonly id: number };
/** From now on do by yourself what a follower does: vote yes, and acknowledge decisions; or nothing. */
export type Behave = { readonly type: 'behave'; readonly id: number; readonly well: boolean };
/** Another node has said this. */
export type Heard = { readonly type: 'heard'; readonly from: Address; readonly message: Message };

/** What the nodes of two-phase commit say to one another. */
export type TwoPhaseMessage =
  | two.VoteReq
  | two.VoteYes
  | two.VoteNo
  | two.VoteRead
  | two.CommitGroup
  | two.AbortGroup
  | two.Ack
  | two.DecisionReq
  | two.Uncertain
  | two.End
  | two.EndReq;

/** The message of that type. */
export type OfType<Type extends TwoPhaseMessage['type']> = Extract<TwoPhaseMessage, { type: Type }>;
