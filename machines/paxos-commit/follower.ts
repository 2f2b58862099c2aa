import { type Address, addressOf } from '../../actors/address.ts';
import { type Effect, send } from '../../actors/effects.ts';
import type { P2a } from '../paxos/messages.ts';
import { follower } from '../two-phase-commit/follower.ts';
import * as plain from '../two-phase-commit/follower-actions.ts';
import type { Arguments, FollowerContext, OnlyContext } from '../two-phase-commit/follower-context.ts';
import type { DecisionReq, HandedBallot, Refusals, VoteNo, VoteYes } from '../two-phase-commit/messages.ts';
import type { TransactionId } from '../two-phase-commit/transaction-id.ts';
import { encodeVote } from './vote.ts';

/**
 * A follower's part in one group, as in two-phase commit, but that it puts its vote down with the acceptors, in the ballot
 * that the leader has handed to it, and that it asks those for the decision who may lead. In a ballot it proposes one
 * value at most: what it proposes is on disk before, and a vote whose reasons the disk does not have is not cast again.
 */
export function followerAmong(nodes: readonly string[]) {
  return follower.provide({
    actions: {
      sayYes: ({ context, event }: Arguments) => {
        const asked = event.type === 'VOTE-REQ' ? event.ballot : undefined;
        return castVote(nodes, context, asked, 'VOTE-YES');
      },
      sayNo: ({ context }: OnlyContext) => castVote(nodes, context, undefined, 'VOTE-NO'),
      // Whatever it was told: it must not vote again in the same ballot.
      recordAbort: plain.promiseAbort,
      ask: ({ context: { group } }: OnlyContext) => {
        group.rounds += 1;
        const message: DecisionReq = { type: 'DECISION-REQ', group: group.id };
        return nodes.map((node) => send(addressOf(node, 'coordinator'), message));
      },
    },
  });
}

function castVote(
  nodes: readonly string[],
  { ground, group }: FollowerContext,
  asked: HandedBallot | undefined,
  type: 'VOTE-YES' | 'VOTE-NO',
): Effect[] {
  const refused = group.vote ?? [];
  const isOfFormerLife = group.ballot === undefined;
  const ballot = group.ballot ?? asked;
  if (ballot === undefined || (isOfFormerLife && refused.length > 0)) return [];
  return putDown({ nodes, node: ground.node, type, ballot, group, refused });
}

interface CastVote {
  /** Who accepts. */
  readonly nodes: readonly string[];
  /** Who votes. */
  readonly node: string;
  readonly type: 'VOTE-YES' | 'VOTE-NO';
  readonly ballot: HandedBallot;
  readonly group: {
    readonly id: TransactionId;
    readonly count: number;
    readonly participants: readonly string[];
  };
  readonly refused: Refusals;
}

/** Tells the leader of the ballot, and asks the acceptors to remember, who tell it so. */
export function putDown({ nodes, node, type, ballot: handed, group, refused }: CastVote): Effect[] {
  const { ballot, firstSlot, origins } = handed;
  const { id, count, participants } = group;
  const learner: Address = addressOf(ballot.leader, 'leader', String(id));
  const slot = firstSlot + participants.indexOf(node);
  const batch = encodeVote({ group: id, count, participants, firstSlot, origins, refused });
  const proposal: P2a = { type: 'p2a', ballot, slot, batch, learner };
  return [
    send<VoteYes | VoteNo>(learner, { type, group: id, refused }),
    ...nodes.map((acceptor) => send(addressOf(acceptor, 'acceptor'), proposal)),
  ];
}
