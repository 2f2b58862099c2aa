import { assertEvent } from 'xstate';
import { addressOf } from '../../actors/address.ts';
import { type Effect, persist, send, spawn } from '../../actors/effects.ts';
import type { Outcome } from './client-messages.ts';
import {
  type Arguments,
  type CoordinatorContext,
  type OnlyContext,
  requestGroups,
} from './coordinator-context.ts';
import { type Group, packGroup } from './group.ts';
import type { LeaderInput } from './leader.ts';
import type { AbortGroup, Asked, CommitGroup, End } from './messages.ts';
import type { LedGroup } from './open-groups.ts';
import { outcomeOf, tellClients } from './outcomes.ts';
import { ABORTED, type Decision, presumed } from './presumption.ts';
import type { RequestedTransaction } from './requests.ts';
import { transactionId } from './transaction-id.ts';
import type { ValidatorInput } from './validator.ts';
import { noVotes } from './votes.ts';

/** Groups that are being voted on at most where each is one transaction. */
const SINGLES_IN_FLIGHT_MAX = 1024;

/** How the coordinator makes groups of transactions, and what becomes of them. */
export const actions = {
  beginGroups({ context }: OnlyContext): Effect[] {
    context.beginRequested = false;
    if (context.isClosed) return [];
    const effects: Effect[] = [];
    while (
      context.granted.length > 0 &&
      context.voting < inFlightMax(context) &&
      context.groups.mayBegin(context.followers.length)
    ) {
      effects.push(...(mayBegin(context) ? [beginGroup(context)] : turnAway(context)));
    }
    if (context.followers.length === 0) effects.push(...turnAwayUnvalidated(context));
    while (context.unvalidated.length > 0) effects.push(beginValidation(context));
    return effects;
  },

  noteDecided({ context, event }: Arguments): Effect[] {
    assertEvent(event, 'decided');
    const group = context.groups.get(event.group)!;
    if (group.members.length === 0) return [];
    context.voting -= 1;
    const decision = group.decision ?? ABORTED;
    settle(context, group.members, (place) =>
      outcomeOf(group.members[place]!, group.id + place, place, decision, group.votes.refused),
    );
    // What it releases now leaves the node in no message before the decision is on disk.
    for (const member of group.members) context.granted.push(...context.locks.release(member));
    return requestGroups(context);
  },

  noteDone({ context, event }: Arguments): Effect[] {
    assertEvent(event, 'done');
    const { output } = event;
    if (typeof output === 'number') {
      context.journal.removeLazily(output);
      context.groups.end(output);
      return requestGroups(context);
    }
    const { number, outcomes } = output;
    const members = context.validations.get(number) ?? [];
    context.validations.delete(number);
    settle(context, members, (place) => outcomes[place]!);
    return [];
  },

  /** The group's own leader knows; and where there is none any more, that says it all. */
  answerDecisionReq({ context, event }: Arguments): Effect {
    assertEvent(event, 'DECISION-REQ');
    const { node, groups, settings } = context;
    const { group, from: asker } = event;
    if (groups.get(group) !== undefined) {
      return send<Asked>(addressOf(node, 'leader', String(group)), { type: 'asked', asker });
    }
    const decision = presumed(settings.presume);
    const { mark } = groups;
    if (decision === undefined) return send<End>(asker, { type: 'END', mark, group });
    if (decision.commits) return send<CommitGroup>(asker, { type: 'COMMIT', group, refused: [], mark });
    return send<AbortGroup>(asker, { type: 'ABORT', group, mark });
  },

  answerEndReq({ context, event }: Arguments): Effect {
    assertEvent(event, 'END-REQ');
    return send<End>(event.from, { type: 'END', mark: context.groups.mark });
  },

  /** Nothing else may happen for long: what nobody needs any more is removed, here and at the followers. */
  tidy({ context }: OnlyContext): Effect[] {
    const { journal, groups, followers } = context;
    const effects: Effect[] = [];
    if (journal.hasLazy) effects.push(persist(...journal.takeLazy()));
    const { mark } = groups;
    if (mark <= groups.toldMark) return effects;
    groups.toldMark = mark;
    const message: End = { type: 'END', mark };
    return [...effects, ...followers.map((node) => send(addressOf(node, 'participant'), message))];
  },
};

export const guards = {
  isUntidy: ({ context: { journal, groups } }: OnlyContext) =>
    journal.hasLazy || groups.mark > groups.toldMark,
};

function inFlightMax({ settings }: CoordinatorContext): number {
  return settings.groupCommit ? settings.groupsInFlightMax : SINGLES_IN_FLIGHT_MAX;
}

/** Takes from the front of a list what shares a group. */
function takeMembers(
  list: RequestedTransaction[],
  { groupCommit, groupTransactionsMax, groupBytesMax }: CoordinatorContext['settings'],
): RequestedTransaction[] {
  let count = 0;
  let bytes = 0;
  for (const transaction of list) {
    bytes += transaction.bytes.byteLength;
    if (count > 0 && (!groupCommit || count >= groupTransactionsMax || bytes > groupBytesMax)) break;
    count += 1;
  }
  return list.splice(0, count);
}

function beginGroup(context: CoordinatorContext): Effect {
  const { groups, followers } = context;
  const members = takeMembers(context.granted, context.settings);
  const group: LedGroup = {
    id: groups.takeIds(members.length),
    count: members.length,
    participants: followers,
    transactions: packGroup(members.map(({ bytes }) => bytes)),
    members,
    votes: noVotes(),
    decision: undefined,
    acknowledged: new Set(),
    learner: context.learner,
  };
  context.voting += 1;
  return lead(context, group);
}

/** Starts the leader of a group; of a former life, with what is known of it. */
function lead(context: CoordinatorContext, group: LedGroup, recovered?: LeaderInput['recovered']): Effect {
  const { node, settings, journal, groups } = context;
  groups.add(group);
  const input: LeaderInput = {
    node,
    settings,
    journal,
    groups,
    group,
    ...(recovered === undefined ? {} : { recovered }),
  };
  return spawn('leader', String(group.id), input);
}

/** Ends what a former life has begun. */
export function recoverGroup(
  context: CoordinatorContext,
  group: Omit<Group, 'transactions'>,
  decision: Decision | undefined,
): Effect {
  const led: LedGroup = {
    ...group,
    transactions: packGroup([]),
    members: [],
    votes: noVotes(),
    decision,
    // Who is no follower any more had forgotten all that it voted on.
    acknowledged: new Set(group.participants.filter((node) => !context.followers.includes(node))),
    learner: undefined,
  };
  return lead(context, led, { decision });
}

/** Where so many groups are not acknowledged some follower must have been away for long: it would not vote either. */
function mayBegin({ groups, followers, settings }: CoordinatorContext): boolean {
  return followers.length > 0 && groups.hasRoom(settings);
}

function turnAwayUnvalidated(context: CoordinatorContext): Effect[] {
  const members = context.unvalidated;
  context.unvalidated = [];
  const outcome = (place: number): Outcome => [members[place]!.number, 'aborted', 'timeout'];
  settle(context, members, outcome);
  return tellClients(members, outcome);
}

function turnAway(context: CoordinatorContext): Effect[] {
  const members = context.granted;
  context.granted = [];
  const outcome = (place: number): Outcome => [members[place]!.number, 'aborted', 'timeout'];
  settle(context, members, outcome);
  for (const member of members) context.granted.push(...context.locks.release(member));
  return tellClients(members, outcome);
}

function beginValidation(context: CoordinatorContext): Effect {
  const { settings, groups, followers, random, life } = context;
  const members = takeMembers(context.unvalidated, settings);
  context.validationsBegun += 1;
  const number = transactionId(life, context.validationsBegun);
  context.validations.set(number, members);
  const first = random.integer(0, followers.length - 1);
  const input: ValidatorInput = {
    number,
    settings,
    groups,
    followers: [...followers.slice(first), ...followers.slice(0, first)],
    members,
    transactions: packGroup(members.map(({ bytes }) => bytes)),
  };
  return spawn('validator', String(number), input);
}

/** Remembers outcomes for clients that ask again. */
function settle(
  context: CoordinatorContext,
  members: readonly RequestedTransaction[],
  outcome: (place: number) => Outcome,
): void {
  members.forEach(({ session, number, bytes }, place) => {
    context.pending -= 1;
    context.pendingBytes -= bytes.byteLength;
    if (number >= session.below) session.outcomes.set(number, outcome(place));
  });
}
