import { assertEvent } from 'xstate';
import { type Effect, send } from '../../actors/effects.ts';
import { NO_OP } from '../replication/batch.ts';
import { type Configuration, isJoint, isVoter, membersOf } from './configuration.ts';
import { configurationIndex, configurationOf, lastIndex } from './log.ts';
import { latestOf, type Member, nodeOfMember } from './member.ts';
import type { TimeoutNow } from './messages.ts';
import type { Progress } from './progress.ts';
import type { Arguments, OnlyContext, ServerContext } from './server-context.ts';
import { serverOf } from './server-context.ts';
import { appendEntry } from './server-leading.ts';

/** Who is a member, and who leads, while the cluster runs (thesis, section 3.10 and chapter 4). */
export const actions = {
  /** Safe to be told again and again, by whoever wants it so and sees that it is not so yet. */
  setMembers({ context, event }: Arguments): Effect[] {
    assertEvent(event, 'setMembers');
    // A cluster of nobody could never be changed again.
    if (event.voters.length === 0) return [];
    const all = membersOf(configurationOf(context.log));
    context.goal = event.voters.map((node) => latestOf(all, node) ?? node);
    return reconfigure(context);
  },

  reconfigure({ context }: OnlyContext): Effect[] {
    return reconfigure(context);
  },

  chooseSuccessor({ context, event }: Arguments): void {
    assertEvent(event, 'transferLeadership');
    context.transferTo = successorOf(context, event.to);
  },

  /** Nothing is appended meanwhile, so that it can catch up; once it has, no vote can go against it (section 3.10). */
  tellSuccessor({ context }: OnlyContext): Effect[] {
    const { transferTo, progress, log, term } = context;
    if (transferTo === undefined || progress.get(transferTo)?.match !== lastIndex(log)) return [];
    // Those who elect it need not wait for this leader's lease (section 6.4.1), now or ever in this term.
    context.leaseUntilMs = Number.NEGATIVE_INFINITY;
    context.hasToldSuccessor = true;
    return [send<TimeoutNow>(serverOf(transferTo), { type: 'timeoutNow', term })];
  },

  keepOffice({ context }: OnlyContext): void {
    context.transferTo = undefined;
  },

  /** It has led the cluster into a configuration without itself, and leaves it to another to lead on (section 4.2.2). */
  nominate({ context }: OnlyContext): Effect[] {
    const successor = hasLeft(context) ? furthestVoter(context) : undefined;
    if (successor === undefined) return [];
    return [send<TimeoutNow>(serverOf(successor), { type: 'timeoutNow', term: context.term })];
  },
};

export const guards = {
  mayTransfer: ({ context, event }: Arguments) => {
    if (event.type !== 'transferLeadership') return false;
    const successor = successorOf(context, event.to);
    return successor !== undefined && successor !== context.member;
  },
  hasLeft: ({ context }: OnlyContext) => hasLeft(context),
};

function hasLeft({ log, commit, member }: ServerContext): boolean {
  return configurationIndex(log) <= commit && !isVoter(configurationOf(log), member);
}

/**
 * The next step towards the goal, one at a time, each when the last one is committed: newcomers learn (section 4.2.1);
 * when they have caught up, the joint configuration; then the new one (section 4.3). A joint one that a former leader
 * left behind is led to its end, goal or not, and so is the return of a node that had lost its memory. None while
 * leadership is handed over (section 3.10).
 */
function reconfigure(context: ServerContext): Effect[] {
  const { log, commit, termStart, goal, transferTo } = context;
  if (commit < termStart || configurationIndex(log) > commit || transferTo !== undefined) return [];
  const now = configurationOf(log);
  const next = nextConfiguration(context, now, goal ?? unfinishedGoal(now));
  if (next === undefined) return [];
  return appendEntry(context, { term: context.term, batch: NO_OP, configuration: next });
}

function nextConfiguration(
  context: ServerContext,
  now: Configuration,
  goal: readonly Member[] | undefined,
): Configuration | undefined {
  if (isJoint(now)) return { voters: now.nextVoters, nextVoters: [], learners: [] };
  if (goal === undefined) return undefined;
  const newcomers = goal.filter((member) => !now.voters.includes(member));
  if (!areSame(now.learners, newcomers)) return { ...now, learners: newcomers };
  if (areSame(now.voters, goal)) {
    context.goal = undefined;
    return undefined;
  }
  // All are looked at, each time: a round is over when it is seen to be.
  const ready = newcomers.filter((member) => hasCaughtUp(context, context.progress.get(member)));
  return ready.length === newcomers.length
    ? { voters: now.voters, nextVoters: goal, learners: [] }
    : undefined;
}

/** A former leader had begun to take nodes in again that had lost their memory, and was not done. */
function unfinishedGoal({ voters, learners }: Configuration): readonly Member[] | undefined {
  const goal = voters.map((voter) => latestOf([voter, ...learners], nodeOfMember(voter)) ?? voter);
  return areSame(goal, voters) ? undefined : goal;
}

/**
 * A learner gets what was there when a round began, then in the next round what came meanwhile; one round that took
 * less than an election shows that it can keep up (section 4.2.1). Having shown it, it need not again: with several
 * newcomers, one waits for the other.
 */
function hasCaughtUp({ log, clock, settings }: ServerContext, progress: Progress | undefined): boolean {
  if (progress === undefined) return false;
  const { learning, match } = progress;
  if (learning === 'done') return true;
  const nowMs = clock.now();
  const isRoundOver = learning === undefined || match >= learning.target;
  const wasQuick =
    learning !== undefined && isRoundOver && nowMs - learning.sinceMs < settings.electionTimeoutMs;
  if (wasQuick || match >= lastIndex(log)) progress.learning = 'done';
  else if (isRoundOver) progress.learning = { target: lastIndex(log), sinceMs: nowMs };
  return progress.learning === 'done';
}

function successorOf(context: ServerContext, node: string | undefined): Member | undefined {
  return node === undefined ? furthestVoter(context) : latestOf(configurationOf(context.log).voters, node);
}

/** Of the other voters, the one whose log is furthest; one that was heard of lately rather than one that may be down. */
function furthestVoter({ log, member, progress }: ServerContext): Member | undefined {
  const merit = (other: Member) => {
    const { heard = false, match = 0 } = progress.get(other) ?? {};
    return heard ? match + 1 : match - Number.MAX_SAFE_INTEGER;
  };
  return configurationOf(log)
    .voters.filter((other) => other !== member)
    .sort((a, b) => merit(b) - merit(a))[0];
}

function areSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((member) => others.includes(member));
}
