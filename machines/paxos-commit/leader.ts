import { assertEvent, setup } from 'xstate';
import { addressOf, nodeOf } from '../../actors/address.ts';
import { type Effect, send } from '../../actors/effects.ts';
import type { Received } from '../../actors/envelope.ts';
import { compareBallots } from '../paxos/ballot.ts';
import { areMajority, hear, NO_VOICES, type Voices } from '../paxos/voices.ts';
import type { LeaderContext as PlainContext, LeaderInput as PlainInput } from '../two-phase-commit/leader.ts';
import * as plain from '../two-phase-commit/leader.ts';
import type { Decided, VoteReq } from '../two-phase-commit/messages.ts';
import { outcomeOf, tellClients } from '../two-phase-commit/outcomes.ts';
import { retryAfterMs } from '../two-phase-commit/retry.ts';
import { countVote, decisionOf } from '../two-phase-commit/votes.ts';
import type { GroupLeaderMessage, Outranked, Overdue } from './messages.ts';
import { packOrigins } from './origins.ts';
import type { Instances, SlottedGroups } from './slotted-groups.ts';

export interface LeaderInput extends PlainInput {
  readonly groups: SlottedGroups;
}

interface LeaderContext extends PlainContext, Instances {
  readonly groups: SlottedGroups;
  /** All nodes: each has an acceptor. */
  readonly nodes: readonly string[];
  readonly origins: Uint8Array;
  /** Who has accepted the vote of each participant. */
  readonly accepted: Voices[];
}

type LeaderEvent = Received<GroupLeaderMessage>;
interface Arguments {
  readonly context: LeaderContext;
  readonly event: LeaderEvent;
}
type OnlyContext = Pick<Arguments, 'context'>;

/**
 * The leader of one group in Paxos Commit (Gray and Lamport, 2006, section 4): asks the participants for votes, which
 * they put down with the acceptors, each in an instance of its own; counts the acceptances; and once the votes of all are
 * chosen, the decision is what they say. It records nothing: any other leader finds the same.
 *
 * It never proposes in the ballot that it has handed out. When a vote does not come, the coordinator beside takes a
 * higher ballot and settles what is open.
 */
export function leaderAmong(nodes: readonly string[]) {
  return setup({
    types: {} as { context: LeaderContext; events: LeaderEvent; input: LeaderInput },
    guards: {
      hasCommitted: ({ context: { group, recovered } }: OnlyContext) =>
        (recovered?.decision ?? group.decision)?.commits === true,
      hasAborted: ({ context: { group, recovered } }: OnlyContext) =>
        (recovered?.decision ?? group.decision)?.commits === false,
      areChosen: ({ context }: OnlyContext) => areChosen(context),
      isParticipant: ({ context, event }: Arguments) =>
        context.group.participants.includes(nodeOf(event.from)),
      isOutranked: ({ context, event }: Arguments) =>
        event.type === 'p2b' && compareBallots(event.ballot, context.ballot) > 0,
      isAcknowledged: ({ context: { group } }: OnlyContext) =>
        group.participants.every((node) => group.acknowledged.has(node)),
    },
    actions: {
      askVotes,
      noteVote,
      countAcceptance,
      noteChosen,
      noteSettled,
      tellOutranked,
      tellOverdue,
      decide,
      tell: ({ context }: OnlyContext) => plain.tell({ context }),
      count: ({ context, event }: Arguments) => {
        context.group.acknowledged.add(nodeOf(event.from));
      },
      answer,
      admitUncertainty,
    },
    delays: {
      voteTimeoutMs: ({ context }: OnlyContext) => context.settings.voteTimeoutMs,
      retryMs: ({ context: { attempts, settings } }: OnlyContext) => retryAfterMs(attempts, settings),
    },
  }).createMachine({
    id: 'leader',
    context: ({ input }) => ({
      ...input,
      ...input.groups.instancesOf(input.group.id),
      nodes,
      origins: packOrigins(input.group.members),
      attempts: 0,
      accepted: input.group.participants.map(() => NO_VOICES),
    }),
    initial: 'init',
    states: {
      /** Nobody has heard of the group; or another leader has brought it so far that all votes are chosen. */
      init: {
        always: [
          { guard: 'hasCommitted', target: 'committing' },
          { guard: 'hasAborted', target: 'aborting' },
          { target: 'voting' },
        ],
      },
      voting: {
        initial: 'asking',
        states: {
          asking: { entry: 'askVotes', after: { retryMs: { target: 'asking', reenter: true } } },
        },
        always: { guard: 'areChosen', target: 'decided', actions: 'noteChosen' },
        on: {
          'VOTE-YES': { guard: 'isParticipant', actions: 'noteVote' },
          'VOTE-NO': { guard: 'isParticipant', actions: 'noteVote' },
          p2b: [{ guard: 'isOutranked', actions: 'tellOutranked' }, { actions: 'countAcceptance' }],
          settled: { target: 'decided', actions: 'noteSettled' },
          asked: { actions: 'admitUncertainty' },
        },
        after: { voteTimeoutMs: { actions: 'tellOverdue' } },
      },
      decided: {
        always: [{ guard: 'hasCommitted', target: 'committing' }, { target: 'aborting' }],
      },
      /** Some of the transactions commit. */
      committing: {
        entry: 'decide',
        initial: 'telling',
        states: {
          telling: { entry: 'tell', after: { retryMs: { target: 'telling', reenter: true } } },
        },
        always: { guard: 'isAcknowledged', target: 'ended' },
        on: {
          ACK: { guard: 'isParticipant', actions: 'count' },
          'VOTE-YES': { guard: 'isParticipant', actions: 'answer' },
          asked: { actions: 'answer' },
        },
      },
      /** None of them does. Who does not hear it will ask, and who is not known has aborted. */
      aborting: { entry: ['decide', 'tell'], always: 'ended' },
      ended: { type: 'final' },
    },
    output: ({ context }) => context.group.id,
  });
}

function askVotes({ context }: OnlyContext): Effect[] {
  const { group, groups, ballot, firstSlot, origins } = context;
  context.attempts += 1;
  const { mark } = groups;
  if (context.attempts === 1) groups.toldMark = mark;
  const message: VoteReq = {
    type: 'VOTE-REQ',
    group: group.id,
    participants: group.participants,
    transactions: group.transactions,
    mark,
    ballot: { ballot, firstSlot, origins },
  };
  return group.participants
    .filter((_, place) => !isChosen(context, place))
    .map((node) => send(addressOf(node, 'participant'), message));
}

/** What it says; whether it stands, the acceptors know. */
function noteVote({ context: { group }, event }: Arguments): void {
  assertEvent(event, ['VOTE-YES', 'VOTE-NO']);
  countVote(group.votes, nodeOf(event.from), event.refused);
}

function countAcceptance({ context, event }: Arguments): void {
  assertEvent(event, 'p2b');
  const { accepted, ballot, firstSlot } = context;
  const place = event.slot - firstSlot;
  const voices = accepted[place];
  if (voices === undefined || compareBallots(event.ballot, ballot) !== 0) return;
  accepted[place] = hear(voices, event);
}

function noteChosen({ context: { group } }: OnlyContext): void {
  group.decision = decisionOf(group.votes, group.count);
}

function noteSettled({ context: { group }, event }: Arguments): void {
  assertEvent(event, 'settled');
  group.decision = event.decision;
}

function tellOverdue({ context: { node } }: OnlyContext): Effect {
  return send<Overdue>(addressOf(node, 'coordinator'), { type: 'overdue' });
}

function tellOutranked({ context: { node }, event }: Arguments): Effect {
  assertEvent(event, 'p2b');
  return send<Outranked>(addressOf(node, 'coordinator'), { type: 'outranked', ballot: event.ballot });
}

/** The clients first, as in two-phase commit. */
function decide({ context }: OnlyContext): Effect[] {
  const { node, group } = context;
  context.attempts = 0;
  const decision = group.decision!;
  const { refused } = group.votes;
  return [
    ...tellClients(group.members, (place) =>
      outcomeOf(group.members[place]!, group.id + place, place, decision, refused),
    ),
    send<Decided>(addressOf(node, 'coordinator'), { type: 'decided', group: group.id }),
  ];
}

function answer({ context, event }: Arguments): Effect {
  const to = event.type === 'asked' ? event.asker : addressOf(nodeOf(event.from), 'participant');
  return send(to, plain.decisionMessage(context));
}

function admitUncertainty({ context: { group }, event }: Arguments): Effect {
  assertEvent(event, 'asked');
  return send(event.asker, { type: 'UNCERTAIN', group: group.id });
}

/** A vote is chosen that a majority has accepted in its ballot, in which nobody but the participant proposes. */
function isChosen({ nodes, group, accepted }: LeaderContext, place: number): boolean {
  return group.votes.yes.has(group.participants[place]!) && areMajority(accepted[place]!, nodes);
}

function areChosen(context: LeaderContext): boolean {
  return context.group.participants.every((_, place) => isChosen(context, place));
}
