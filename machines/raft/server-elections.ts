import { assertEvent } from 'xstate';
import { nodeOf } from '../../actors/address.ts';
import { type Effect, persist, send, sendEarly } from '../../actors/effects.ts';
import type { Leadership } from '../replication/leader-messages.ts';
import { isVoter } from './configuration.ts';
import { configurationIndex, configurationOf, isUpToDate, lastPosition } from './log.ts';
import type { Member } from './member.ts';
import type { PreVote, PreVoteReply, RequestVote, VoteReply } from './messages.ts';
import { memberRecord, voteRecord } from './records.ts';
import {
  type Arguments,
  canDecideHere,
  isMember,
  memberIn,
  type OnlyContext,
  type ServerContext,
  serverOf,
  signature,
} from './server-context.ts';

/** Terms, votes, and who leads (thesis, sections 3.4, 3.6.1, 4.2.3 and 9.6). */
export const actions = {
  /** Writes what the state on disk was ahead of; and that its memory is gone, so that the next life knows. */
  repair({ context }: OnlyContext): Effect | undefined {
    const writes = [...context.repairs, ...(context.isForgetful ? [memberRecord(undefined)] : [])];
    return writes.length === 0 ? undefined : persist(...writes);
  },

  /** A server never goes back to an older term, and has one vote in each. */
  adoptTerm({ context, event }: Arguments): Effect | undefined {
    return 'term' in event ? adoptTerm(context, event.term) : undefined;
  },

  follow({ context, event }: Arguments): Effect[] {
    if (context.leader === undefined) {
      context.matched = 0;
      context.leaderCommit = 0;
    }
    context.leader = nodeOf(event.from);
    context.heardMs = context.clock.now();
    return announce(context);
  },

  followNobody({ context }: OnlyContext): Effect[] {
    context.leader = undefined;
    return announce(context);
  },

  startPreVote({ context }: OnlyContext): void {
    context.votes.clear();
    context.votes.add(context.member);
    context.isTransfer = false;
  },

  /** Early: it asks, and says nothing. */
  askPreVotes({ context }: OnlyContext): Effect[] {
    const message: PreVote = {
      type: 'preVote',
      term: context.term + 1,
      last: lastPosition(context.log),
      ...signature(context),
    };
    return missingVoters(context).map((member) => sendEarly(serverOf(member), message));
  },

  startVote({ context }: OnlyContext): Effect {
    context.term += 1;
    context.votedFor = context.member;
    context.leader = undefined;
    context.votes.clear();
    context.votes.add(context.member);
    return persist(voteRecord(context.term, context.member));
  },

  /** Not early: the vote for itself must be durable before another can complete its majority. */
  askVotes({ context }: OnlyContext): Effect[] {
    const message: RequestVote = {
      type: 'requestVote',
      term: context.term,
      last: lastPosition(context.log),
      isTransfer: context.isTransfer,
      ...signature(context),
    };
    return missingVoters(context).map((member) => send(serverOf(member), message));
  },

  countVote({ context, event }: Arguments): void {
    assertEvent(event, ['preVoteReply', 'voteReply']);
    context.votes.add(memberIn(event));
  },

  /** Early: what it would do rests on no record, and binds it to nothing. */
  answerPreVote({ context, event }: Arguments): Effect {
    assertEvent(event, 'preVote');
    const { term, last } = event;
    const granted =
      term > context.term && !hearsLeader(context) && isUpToDate(last, lastPosition(context.log));
    const reply: PreVoteReply = {
      type: 'preVoteReply',
      asked: term,
      term: context.term,
      granted,
      commit: context.commit,
      ...signature(context),
      isMember: isMember(context, memberIn(event)),
    };
    return sendEarly(event.from, reply);
  },

  /** One vote a term, and only for one whose log holds all that may be committed (sections 3.4 and 3.6.1). */
  answerVote({ context, event }: Arguments): Effect[] {
    assertEvent(event, 'requestVote');
    const candidate = memberIn(event);
    const { term, votedFor, log } = context;
    const granted =
      event.term === term &&
      (votedFor === undefined || votedFor === candidate) &&
      isUpToDate(event.last, lastPosition(log));
    const reply: VoteReply = { type: 'voteReply', term, granted, ...signature(context) };
    if (!granted || votedFor === candidate) return [send(event.from, reply)];
    context.votedFor = candidate;
    return [persist(voteRecord(term, candidate)), send(event.from, reply)];
  },

  standForTransfer({ context }: OnlyContext): void {
    context.isTransfer = true;
  },

  /** Its own log may be the one that does: it leads as soon as a majority has voted (section 3.4). */
  announceOwn({ context }: OnlyContext): Effect[] {
    context.leader = context.node;
    return announce(context);
  },
};

export const guards = {
  isNewTerm: ({ context, event }: Arguments) => 'term' in event && event.term > context.term,
  isOfTerm: ({ context, event }: Arguments) => 'term' in event && event.term === context.term,
  isStale: ({ context, event }: Arguments) => 'term' in event && event.term < context.term,
  /** It has heard of a leader so lately that a vote would only disturb (section 4.2.3). */
  isDisturbance: ({ context, event }: Arguments) =>
    event.type === 'requestVote' && !event.isTransfer && hearsLeader(context),
  wouldVote: ({ context, event }: Arguments) => {
    if (event.type !== 'requestVote' || event.term !== context.term) return false;
    const { votedFor, log } = context;
    const isFree = votedFor === undefined || votedFor === memberIn(event);
    return isFree && isUpToDate(event.last, lastPosition(log));
  },
  isPreVoteForThisTerm: ({ context, event }: Arguments) =>
    event.type === 'preVoteReply' && event.granted && event.asked === context.term + 1,
  isVoteForThisTerm: ({ context, event }: Arguments) =>
    event.type === 'voteReply' && event.granted && event.term === context.term,
  hasVotes: ({ context }: OnlyContext) => canDecideHere(context, (member) => context.votes.has(member)),
  /** One that has no vote, or misses what its log no longer holds, does not stand. */
  mayStand: ({ context }: OnlyContext) => mayStand(context),
  mayTakeOver: ({ context, event }: Arguments) =>
    event.type === 'timeoutNow' && event.term === context.term && mayStand(context),
  leadsFirst: ({ context }: OnlyContext) => context.leadsFirst,
  isNew: ({ context }: OnlyContext) => context.isNew,
};

export function adoptTerm(context: ServerContext, term: number): Effect | undefined {
  if (term <= context.term) return undefined;
  context.term = term;
  context.votedFor = undefined;
  context.leader = undefined;
  return persist(voteRecord(term, undefined));
}

/** Tells the replica beside who leads, when that has changed. */
function announce(context: ServerContext): Effect[] {
  const { leader, term, replica } = context;
  // Of another term, the same leader has lost what it was asked in the last one.
  const reign = leader === undefined ? undefined : `${term} ${leader}`;
  if (context.announced === reign) return [];
  context.announced = reign;
  return [send<Leadership>(replica, { type: 'leadership', leader })];
}

function hearsLeader({ clock, heardMs, settings }: ServerContext): boolean {
  return clock.now() - heardMs < settings.electionTimeoutMs;
}

/**
 * One that is a voter no more, by a configuration that may not be committed yet, stands all the same: it may be the only
 * one that holds it, and so the only one that can be elected (section 4.2.2).
 */
function mayStand({ log, member, handed, commit }: ServerContext): boolean {
  const former = configurationIndex(log) > commit ? log.configurations.at(-2) : undefined;
  const isWanted =
    isVoter(configurationOf(log), member) || (former !== undefined && isVoter(former.configuration, member));
  return isWanted && handed >= log.base.index;
}

function missingVoters({ log, member, votes }: ServerContext): Member[] {
  const { voters, nextVoters } = configurationOf(log);
  return [...new Set([...voters, ...nextVoters])].filter((other) => other !== member && !votes.has(other));
}
