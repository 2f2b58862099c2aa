import { assertEvent, setup } from 'xstate';
import { type Address, addressOf, nodeOf } from '../../actors/address.ts';
import { type Effect, persist, send } from '../../actors/effects.ts';
import type { Received } from '../../actors/envelope.ts';
import { type GroupJournal, recordOf } from './journal.ts';
import type {
  AbortGroup,
  CommitGroup,
  Decided,
  LeaderMessage,
  Learn,
  Uncertain,
  VoteReq,
} from './messages.ts';
import type { Learner, LedGroup, OpenGroups } from './open-groups.ts';
import { outcomeOf, tellClients } from './outcomes.ts';
import { ABORTED, type Decision, isAcknowledged, writesBegin, writesDecision } from './presumption.ts';
import { retryAfterMs } from './retry.ts';
import type { TwoPhaseCommitSettings } from './settings.ts';
import { countVote, decisionOf, noteRefusals } from './votes.ts';

export interface LeaderInput {
  readonly node: string;
  readonly settings: TwoPhaseCommitSettings;
  readonly journal: GroupJournal;
  readonly groups: OpenGroups;
  readonly group: LedGroup;
  /** What the journal says of a group of a former life: the decision, or that there was none. */
  readonly recovered?: { readonly decision: Decision | undefined };
}

export interface LeaderContext extends LeaderInput {
  /** How often it has asked, or told, without an answer from all. */
  attempts: number;
}

type LeaderEvent = Received<LeaderMessage>;
interface Arguments {
  readonly context: LeaderContext;
  readonly event: LeaderEvent;
}
type OnlyContext = Pick<Arguments, 'context'>;

/**
 * The leader of one group: asks all followers for votes, decides, and tells the decision until all have acknowledged it
 * (Bernstein, Hadzilacos and Goodman, section 7.4: the coordinator). What it sends leaves the node when what it has
 * recorded is on disk: so it asks, answers its clients and tells the followers, in this order, on records alone.
 */
export const leader = setup({
  types: {} as { context: LeaderContext; events: LeaderEvent; input: LeaderInput },
  guards: {
    isRecovered: ({ context }: OnlyContext) => context.recovered !== undefined,
    hasCommitted: ({ context }: OnlyContext) => context.recovered?.decision?.commits === true,
    canCommit: ({ context: { group } }: OnlyContext) =>
      hasAllVotes(group) && decisionOf(group.votes, group.count).commits,
    cannotCommit: ({ context: { group } }: OnlyContext) =>
      hasAllVotes(group) && !decisionOf(group.votes, group.count).commits,
    isParticipant: ({ context, event }: Arguments) => isParticipant(context, event.from),
    isOver: ({ context }: OnlyContext) => isOver(context),
  },
  actions: { begin, askVotes, countYes, countNo, decide, tell, count, answer, admitUncertainty },
  delays: {
    voteTimeoutMs: ({ context }: OnlyContext) => context.settings.voteTimeoutMs,
    retryMs: ({ context: { attempts, settings } }: OnlyContext) => retryAfterMs(attempts, settings),
  },
}).createMachine({
  id: 'leader',
  context: ({ input }) => ({ ...input, attempts: 0 }),
  initial: 'init',
  states: {
    /** Nobody has heard of the group. */
    init: {
      always: [
        { guard: 'hasCommitted', target: 'committing' },
        { guard: 'isRecovered', target: 'aborting' },
        { target: 'voting', actions: 'begin' },
      ],
    },
    voting: {
      initial: 'asking',
      states: {
        asking: { entry: 'askVotes', after: { retryMs: { target: 'asking', reenter: true } } },
      },
      always: [
        { guard: 'canCommit', target: 'committing' },
        { guard: 'cannotCommit', target: 'aborting' },
      ],
      on: {
        'VOTE-YES': { guard: 'isParticipant', actions: 'countYes' },
        'VOTE-NO': { guard: 'isParticipant', target: 'aborting', actions: 'countNo' },
        asked: { actions: 'admitUncertainty' },
      },
      // Who is silent counts as no.
      after: { voteTimeoutMs: 'aborting' },
    },
    /** Some of the transactions commit. */
    committing: {
      entry: 'decide',
      initial: 'telling',
      states: {
        telling: { entry: 'tell', after: { retryMs: { target: 'telling', reenter: true } } },
      },
      always: { guard: 'isOver', target: 'ended' },
      // A vote: it has been told already, and what it was told may be lost.
      on: { ACK: { actions: 'count' }, 'VOTE-YES': { actions: 'answer' }, asked: { actions: 'answer' } },
    },
    /** None of them does. */
    aborting: {
      entry: 'decide',
      initial: 'telling',
      states: {
        telling: { entry: 'tell', after: { retryMs: { target: 'telling', reenter: true } } },
      },
      always: { guard: 'isOver', target: 'ended' },
      on: {
        ACK: { actions: 'count' },
        'VOTE-NO': { actions: 'count' },
        'VOTE-YES': { actions: 'answer' },
        asked: { actions: 'answer' },
      },
    },
    ended: { type: 'final' },
  },
  output: ({ context }) => context.group.id,
});

function begin({ context: { settings, journal, group } }: OnlyContext): Effect[] {
  return writesBegin(settings.presume) ? [persist(...journal.append(recordOf('BEGIN', group)))] : [];
}

function askVotes({ context }: OnlyContext): Effect[] {
  const { group, groups } = context;
  context.attempts += 1;
  const { mark } = groups;
  if (context.attempts === 1) groups.toldMark = mark;
  const message: VoteReq = {
    type: 'VOTE-REQ',
    group: group.id,
    participants: group.participants,
    transactions: group.transactions,
    mark,
  };
  return group.participants
    .filter((node) => !group.votes.yes.has(node))
    .map((node) => send(participantOn(node), message));
}

function countYes({ context, event }: Arguments): void {
  assertEvent(event, 'VOTE-YES');
  countVote(context.group.votes, nodeOf(event.from), event.refused);
}

/** Who has voted no knows how it ends. */
function countNo({ context, event }: Arguments): void {
  assertEvent(event, 'VOTE-NO');
  noteRefusals(context.group.votes.refused, event.refused);
  context.group.acknowledged.add(nodeOf(event.from));
}

/** The clients first: once they are answered, nobody who asks the followers is told before they are. */
function decide({ context }: OnlyContext): Effect[] {
  const { node, settings, journal, group, recovered } = context;
  context.attempts = 0;
  const decision =
    recovered?.decision ?? (hasAllVotes(group) ? decisionOf(group.votes, group.count) : ABORTED);
  group.decision = decision;
  const effects: Effect[] = [];
  if (recovered?.decision === undefined) {
    const writes = writesDecision(settings.presume, decision)
      ? journal.append(recordOf(decision.commits ? 'COMMIT' : 'ABORT', group, decision.refused))
      : // With presumed commit, that the group was begun is forgotten: this is what commits it.
        decision.commits
        ? journal.remove(group.id)
        : [];
    if (writes.length > 0) effects.push(persist(...writes));
  }
  const { refused } = group.votes;
  effects.push(
    ...tellClients(group.members, (place) =>
      outcomeOf(group.members[place]!, group.id + place, place, decision, refused),
    ),
    send<Decided>(addressOf(node, 'coordinator'), { type: 'decided', group: group.id }),
  );
  return effects;
}

/** In the order of the followers, those who have not acknowledged; and who learns. */
export function tell({ context }: OnlyContext): Effect[] {
  const { group } = context;
  context.attempts += 1;
  const message = decisionMessage(context);
  const isSettled = context.attempts > 1 && isAcknowledgedByAll(context);
  return [
    ...(isSettled ? [] : group.participants)
      .filter((node) => !group.acknowledged.has(node))
      .map((node) => send(participantOn(node), message)),
    ...teach(group),
  ];
}

function teach(group: LedGroup): Effect[] {
  const { learner, id, transactions, decision = ABORTED } = group;
  if (learner === undefined || !isMissing(group, learner)) return [];
  const message: Learn = { type: 'learn', group: id, transactions, refused: decision.refused };
  return [send(addressOf(learner.node, 'newcomer'), message)];
}

function count({ context, event }: Arguments): void {
  const node = nodeOf(event.from);
  if (isParticipant(context, event.from) || node === context.group.learner?.node)
    context.group.acknowledged.add(node);
}

function answer({ context, event }: Arguments): Effect {
  const to = event.type === 'asked' ? event.asker : participantOn(nodeOf(event.from));
  return send(to, decisionMessage(context));
}

function admitUncertainty({ context, event }: Arguments): Effect {
  assertEvent(event, 'asked');
  return send<Uncertain>(event.asker, { type: 'UNCERTAIN', group: context.group.id });
}

export function decisionMessage({ group, groups }: LeaderContext): CommitGroup | AbortGroup {
  const { commits, refused } = group.decision ?? ABORTED;
  const { id } = group;
  const { mark } = groups;
  return commits ? { type: 'COMMIT', group: id, refused, mark } : { type: 'ABORT', group: id, mark };
}

function isOver(context: LeaderContext): boolean {
  const { group } = context;
  return isAcknowledgedByAll(context) && (group.learner === undefined || !isMissing(group, group.learner));
}

function isAcknowledgedByAll({ settings, group }: LeaderContext): boolean {
  if (!isAcknowledged(settings.presume, group.decision ?? ABORTED)) return true;
  return group.participants.every((node) => group.acknowledged.has(node));
}

/** Whether something has been committed that the learner has not acknowledged. */
function isMissing({ decision, acknowledged }: LedGroup, { node, isActive }: Learner): boolean {
  return isActive && decision?.commits === true && !acknowledged.has(node);
}

function hasAllVotes({ participants, votes }: LedGroup): boolean {
  return participants.every((node) => votes.yes.has(node));
}

function isParticipant({ group }: LeaderContext, from: Address): boolean {
  return group.participants.includes(nodeOf(from));
}

function participantOn(node: string): Address {
  return addressOf(node, 'participant');
}
