import { assertEvent } from 'xstate';
import { type Address, addressOf } from '../../actors/address.ts';
import { type Effect, persist, send } from '../../actors/effects.ts';
import type { Arguments, FollowerContext, OnlyContext } from './follower-context.ts';
import { recordOf } from './journal.ts';
import { grant } from './key-holders.ts';
import type { AbortGroup, Ack, DecisionReq, Refusals, Uncertain, VoteNo, VoteYes } from './messages.ts';
import { ABORTED, isAcknowledged, presumed } from './presumption.ts';

// Before the vote.

/** A follower that comes back has all the keys of what it has voted for, before anybody else asks. */
export function lock({ context: { ground, group } }: OnlyContext): void {
  ground.locks.request(group.holder);
}

/** They are for this vote alone. */
export function takeOrders({ context: { ground } }: OnlyContext): void {
  ground.orders.votesNo = false;
  ground.orders.delayMs = undefined;
}

export function vote({ context }: OnlyContext): void {
  const { group, ground, votesNo } = context;
  const refused: Refusals[number][] = [];
  group.contents.forEach((transaction, place) => {
    const reason = votesNo ? 'vote' : ground.store.objectionTo(transaction);
    if (reason !== undefined) refused.push([place, reason]);
  });
  group.vote = refused;
}

export function recordReady({ context: { ground, group } }: OnlyContext): Effect {
  const refused = placesOf(group.vote ?? []);
  const { transactions } = group;
  return persist(...ground.journal.append({ ...recordOf('READY', group, refused), transactions }));
}

export function sayYes({ context }: OnlyContext): Effect {
  const { group } = context;
  const refused = group.vote ?? [];
  return send<VoteYes>(leaderOf(context), { type: 'VOTE-YES', group: group.id, refused });
}

export function sayNo({ context }: OnlyContext): Effect {
  const { group } = context;
  const refused = group.vote ?? group.contents.map((_, place) => [place, 'vote'] as const);
  return send<VoteNo>(leaderOf(context), { type: 'VOTE-NO', group: group.id, refused });
}

// The decision.

export function noteCommit({ context, event }: Arguments): void {
  assertEvent(event, 'COMMIT');
  context.decision = { commits: true, refused: event.refused };
}

export function noteAbort({ context }: OnlyContext): void {
  context.decision = ABORTED;
}

export function notePresumed({ context }: OnlyContext): void {
  context.decision = presumed(context.ground.settings.presume);
}

export function recordCommit({ context }: OnlyContext): Effect[] {
  const { ground, group, decision = ABORTED } = context;
  const record = recordOf('COMMIT', group, decision.refused);
  if (isAcknowledged(ground.settings.presume, decision)) return [persist(...ground.journal.append(record))];
  ground.journal.appendLazily(record);
  return [];
}

/** What it was ready for is not needed any more: nothing of it is in the store, and so nothing is to be undone. */
export function recordAbort({ context }: OnlyContext): Effect[] {
  const { ground, group } = context;
  ground.journal.removeLazily(group.id);
  if (!isAcknowledged(ground.settings.presume, ABORTED)) return [];
  return [persist(...ground.journal.append(recordOf('ABORT', group)))];
}

/** Whatever is presumed: who has voted yes may abort by this word, while the leader still waits for this follower's vote. */
export function promiseAbort({ context: { ground, group } }: OnlyContext): Effect {
  return persist(...ground.journal.append(recordOf('ABORT', group)));
}

export function acknowledge({ context }: OnlyContext): Effect[] {
  const { ground, group, decision = ABORTED } = context;
  if (!isAcknowledged(ground.settings.presume, decision)) return [];
  return [send<Ack>(leaderOf(context), { type: 'ACK', group: group.id })];
}

export function apply({ context: { ground, group, decision = ABORTED } }: OnlyContext): void {
  ground.store.applyGroup(group.id, group.contents, decision);
}

export function forget({ context: { ground, group } }: OnlyContext): void {
  ground.journal.removeLazily(group.id);
}

export function release({ context: { ground, group } }: OnlyContext): Effect[] {
  return grant(ground.locks.release(group.holder));
}

// Without a decision.

export function trustLeader({ context: { group } }: OnlyContext): void {
  group.rounds = 0;
}

/** The leader first; from the second round on, everybody. */
export function ask({ context: { ground, group } }: OnlyContext): Effect[] {
  group.rounds += 1;
  const { node, leader } = ground;
  const message: DecisionReq = { type: 'DECISION-REQ', group: group.id };
  const others = group.rounds === 1 ? [] : group.participants.filter((other) => other !== node);
  return [
    send(addressOf(leader, 'coordinator'), message),
    ...others.map((other) => send(addressOf(other, 'participant'), message)),
  ];
}

export function answer({ context: { ground, group }, event }: Arguments): Effect {
  assertEvent(event, 'asked');
  return send<AbortGroup>(event.asker, { type: 'ABORT', group: group.id, mark: ground.mark });
}

export function admitUncertainty({ context: { group }, event }: Arguments): Effect {
  assertEvent(event, 'asked');
  return send<Uncertain>(event.asker, { type: 'UNCERTAIN', group: group.id });
}

function placesOf(refusals: Refusals): number[] {
  return refusals.map(([place]) => place);
}

function leaderOf({ ground, group }: FollowerContext): Address {
  return addressOf(ground.leader, 'leader', String(group.id));
}
