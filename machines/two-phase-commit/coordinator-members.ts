import { assertEvent } from 'xstate';
import { addressOf, nodeOf } from '../../actors/address.ts';
import { type Effect, persist, send } from '../../actors/effects.ts';
import type { Received } from '../../actors/envelope.ts';
import {
  type Arguments,
  type CoordinatorContext,
  type OnlyContext,
  requestGroups,
} from './coordinator-context.ts';
import { followersRecord } from './leader-records.ts';
import type { AskToJoin, Challenge, Invite, Teach, Welcome } from './messages.ts';

/**
 * How followers are taken in while the system runs: new nodes, and those that have lost their memory. One after the
 * other: it is taught without a vote, and when it has everything and nothing is under way it votes.
 */
export const actions = {
  /** Whoever says it has forgotten must say so again: the word may be old. */
  challenge({ context, event }: Arguments): Effect {
    assertEvent(event, ['askToJoin', 'learning', 'joined']);
    const node = nodeOf(event.from);
    const token = context.challenges.get(node) ?? context.groups.takeIds(1);
    context.challenges.set(node, token);
    return send<Challenge>(event.from, { type: 'challenge', token });
  },

  /** A follower that has forgotten what it voted on has no vote, and is waited for no more. */
  expel({ context, event }: Arguments): Effect[] {
    assertEvent(event, 'askToJoin');
    const node = nodeOf(event.from);
    if (!context.followers.includes(node)) return [];
    context.followers = context.followers.filter((other) => other !== node);
    context.groups.excuse(node);
    return [persist(followersRecord(context.followers))];
  },

  teach({ context, event }: Arguments): Effect[] {
    assertEvent(event, 'askToJoin');
    const { from, nonce } = event;
    const node = nodeOf(from);
    context.challenges.delete(node);
    const effects = endAttempt(context);
    const attempt = context.groups.takeIds(1);
    context.learner = { node, attempt, isActive: true };
    const message: Teach = { type: 'teach', nonce, attempt, sources: context.followers };
    return [...effects, send(from, message)];
  },

  /** What is under way ends, and nothing is begun. */
  close({ context }: OnlyContext): void {
    context.isClosed = true;
  },

  invite({ context }: OnlyContext): Effect[] {
    const { learner, groups } = context;
    if (learner === undefined) return [];
    const { node, attempt } = learner;
    const message: Invite = { type: 'invite', attempt, first: groups.mark };
    return [send(addressOf(node, 'newcomer'), message)];
  },

  /** It has everything on disk. */
  admit({ context, event }: Arguments): Effect[] {
    assertEvent(event, 'joined');
    const followers = [...context.followers, nodeOf(event.from)];
    context.followers = followers.sort(byNumber);
    return [
      persist(followersRecord(context.followers)),
      send<Welcome>(event.from, { type: 'welcome', attempt: event.attempt }),
      ...endAttempt(context),
    ];
  },

  giveUp({ context }: OnlyContext): Effect[] {
    return endAttempt(context);
  },

  /** By another attempt it cannot have been taken in: it would have been expelled before it was taught. */
  welcome({ event }: Arguments): Effect {
    assertEvent(event, 'joined');
    return send<Welcome>(event.from, { type: 'welcome', attempt: event.attempt });
  },
};

export const guards = {
  /** It has met a challenge, and nobody else is being taught. */
  mayLearn: ({ context, event }: Arguments) =>
    meetsChallenge(context, event) &&
    (context.learner === undefined || context.learner.node === nodeOf(event.from)),
  meetsChallenge: ({ context, event }: Arguments) => meetsChallenge(context, event),
  isLearner: ({ context, event }: Arguments) => isLearner(context, event),
  isReadyLearner: ({ context, event }: Arguments) =>
    isLearner(context, event) && event.type === 'learning' && event.hasCaughtUp,
  isDrained: ({ context: { groups } }: OnlyContext) => groups.size === 0,
  isFollower: ({ context, event }: Arguments) =>
    event.type === 'joined' && context.followers.includes(nodeOf(event.from)),
};

function meetsChallenge(
  { challenges }: CoordinatorContext,
  event: Arguments['event'],
): event is Received<AskToJoin> {
  return event.type === 'askToJoin' && challenges.get(nodeOf(event.from)) === event.token;
}

function isLearner({ learner }: CoordinatorContext, event: Arguments['event']): boolean {
  return 'attempt' in event && learner !== undefined && event.attempt === learner.attempt;
}

function endAttempt(context: CoordinatorContext): Effect[] {
  if (context.learner !== undefined) context.learner.isActive = false;
  context.learner = undefined;
  context.isClosed = false;
  return requestGroups(context);
}

function byNumber(a: string, b: string): number {
  return Number(a) - Number(b) || (a < b ? -1 : 1);
}
