import { assertEvent } from 'xstate';
import { type Address, addressOf } from '../../actors/address.ts';
import { type Effect, persist, send, spawn } from '../../actors/effects.ts';
import type { FollowedGroup, FollowerInput } from './follower-context.ts';
import { unpackGroup } from './group.ts';
import { type GroupJournal, type JournalRecord, recordOf } from './journal.ts';
import { keysOfAll } from './key-holders.ts';
import type {
  AbortGroup,
  Ack,
  CommitGroup,
  End,
  FollowerMessage,
  Refusals,
  Uncertain,
  VoteNo,
} from './messages.ts';
import type { Arguments, ParticipantContext } from './participant-context.ts';
import { ABORTED, type Decision, isAcknowledged, presumed } from './presumption.ts';
import { formatId, type TransactionId } from './transaction-id.ts';

/** What a participant does about groups: hands on to their actors what is theirs, and answers for those that have none. */
export const actions = {
  startFollower({ context, event }: Arguments): Effect {
    assertEvent(event, 'VOTE-REQ');
    const { group: id, participants, transactions } = event;
    // A copy: the bytes are a view into the frame that brought them.
    return follow(context, id, participants, new Uint8Array(transactions), undefined);
  },

  handOn({ context, event }: Arguments): Effect[] {
    assertEvent(event, ['VOTE-REQ', 'COMMIT', 'ABORT', 'END']);
    return event.group === undefined ? [] : [tellFollower(context, event.group, event)];
  },

  /** Its own abort, from a vote of no or because somebody asked: it stays with that. */
  voteAgain({ context, event }: Arguments): Effect[] {
    assertEvent(event, 'VOTE-REQ');
    const { group } = event;
    const { decision, vote } = context.kept.get(group)!;
    if (decision.commits) return [];
    const refused: Refusals = vote ?? unpackGroup(event.transactions).map((_, place) => [place, 'vote']);
    return [send<VoteNo>(leaderOf(context, group), { type: 'VOTE-NO', group, refused })];
  },

  /** A decision of a group that has no actor here: it was heard before, or it came before anything else of the group. */
  noteDecision({ context, event }: Arguments): Effect[] {
    assertEvent(event, ['COMMIT', 'ABORT']);
    const { group } = event;
    const { kept, ground } = context;
    const decision: Decision = event.type === 'COMMIT' ? { commits: true, refused: event.refused } : ABORTED;
    const known = kept.get(group)?.decision;
    if (known !== undefined && known.commits !== decision.commits) {
      throw new Error(`group ${formatId(group)} is to ${event.type}, and did the contrary`);
    }
    const isKnown = known !== undefined || group < ground.mark;
    if (!isKnown) kept.set(group, { decision, isDurable: true, vote: undefined });
    if (!isAcknowledged(ground.settings.presume, decision)) return [];
    return [
      ...(isKnown ? [] : [recordDecision(context, group, decision)]),
      send<Ack>(leaderOf(context, group), { type: 'ACK', group }),
    ];
  },

  answerDecisionReq({ context, event }: Arguments): Effect[] {
    assertEvent(event, 'DECISION-REQ');
    const { group, from: asker } = event;
    const { kept, groups, ground } = context;
    if (groups.has(group)) return [tellFollower(context, group, { type: 'asked', asker })];
    const known = kept.get(group)?.decision;
    if (known !== undefined) return [tellDecision(context, asker, group, known)];
    if (group < ground.mark) {
      return [tellDecision(context, asker, group, presumed(ground.settings.presume))];
    }
    // It has not voted, and will never vote yes: that must be on disk before anybody rests on it.
    kept.set(group, { decision: ABORTED, isDurable: true, vote: undefined });
    return [recordDecision(context, group, ABORTED), tellDecision(context, asker, group, ABORTED)];
  },

  /** It does not know, or has forgotten: whether it has voted, too. */
  admitIgnorance({ event }: Arguments): Effect {
    assertEvent(event, 'DECISION-REQ');
    return send<Uncertain>(event.from, { type: 'UNCERTAIN', group: event.group });
  },

  /** Who waits for the decision of a group that has ended learns that it has. */
  noteMark({ context, event }: Arguments): Effect[] {
    assertEvent(event, ['VOTE-REQ', 'COMMIT', 'ABORT', 'END']);
    const { ground, groups } = context;
    if (event.mark <= ground.mark) return [];
    ground.mark = event.mark;
    forgetEnded(context);
    const effects: Effect[] = [];
    for (const id of groups.keys()) {
      if (id < event.mark) effects.push(tellFollower(context, id, { type: 'END', mark: event.mark }));
    }
    return effects;
  },

  noteDone({ context, event }: Arguments): void {
    assertEvent(event, 'done');
    const { group, decision, vote, hasWritten } = event.output;
    context.groups.delete(group);
    if (decision === undefined) return;
    context.kept.set(group, { decision, isDurable: !hasWritten, vote });
    if (hasWritten) context.written.push(group);
    forgetEnded(context);
  },
};

export const guards = {
  /** It has ended long ago: nobody waits for a vote. */
  isEnded: ({ context, event }: Arguments) =>
    event.type === 'VOTE-REQ' && event.group < context.ground.mark && !context.groups.has(event.group),
  isOpen: ({ context, event }: Arguments) =>
    'group' in event && event.group !== undefined && context.groups.has(event.group),
  isDecided: ({ context, event }: Arguments) => event.type === 'VOTE-REQ' && context.kept.has(event.group),
};

/** Starts a group's actor; of a former life, with its vote. */
export function follow(
  context: ParticipantContext,
  id: TransactionId,
  participants: readonly string[],
  transactions: Uint8Array,
  vote: Refusals | undefined,
): Effect {
  const { ground } = context;
  const contents = unpackGroup(transactions);
  const key = String(id);
  context.lastTicket += 1;
  const group: FollowedGroup = {
    id,
    count: contents.length,
    participants,
    transactions,
    contents,
    holder: {
      ...keysOfAll(contents),
      missing: 0,
      address: addressOf(ground.node, 'follower', key),
      ticket: context.lastTicket,
    },
    vote,
    rounds: 0,
  };
  context.groups.set(id, group);
  return spawn('follower', key, { ground, group } satisfies FollowerInput);
}

/** Forgets decisions below the mark whose writes are in the store: nobody asks, and nothing is to be done again. */
export function forgetEnded({ kept, ground }: ParticipantContext): void {
  const { journal, mark } = ground;
  for (const [id, { isDurable }] of kept) {
    if (id >= mark || !isDurable) continue;
    kept.delete(id);
    journal.raiseMark(mark);
    journal.removeLazily(id);
  }
}

/** What the journal of a follower says of groups: those that are decided, and those that it has to ask about. */
export function recoverGroups(context: ParticipantContext): Effect[] {
  const { ground, kept, written } = context;
  const effects: Effect[] = [];
  // In the order of ids, which on each key is that of commits: what is done again may be on disk already, and what has
  // taken its place since is done again after it.
  for (const { ready, decided } of recordedGroups(ground.journal)) {
    if (ready !== undefined && decided === undefined) {
      const vote: Refusals = ready.refused.map((place) => [place, 'vote']);
      effects.push(follow(context, ready.group, ready.participants, ready.transactions, vote));
    } else if (decided !== undefined) {
      const decision: Decision = { commits: decided.kind === 'COMMIT', refused: decided.refused };
      const isDurable = ready === undefined || !decision.commits;
      kept.set(decided.group, { decision, isDurable, vote: undefined });
      if (isDurable) continue;
      ground.store.applyGroup(decided.group, unpackGroup(ready.transactions), decision);
      written.push(decided.group);
    }
  }
  return effects;
}

interface RecordedGroup {
  ready: JournalRecord | undefined;
  decided: JournalRecord | undefined;
}

function recordedGroups(journal: GroupJournal): Iterable<RecordedGroup> {
  const groups = new Map<TransactionId, RecordedGroup>();
  for (const record of journal.iterate()) {
    const group = groups.get(record.group) ?? { ready: undefined, decided: undefined };
    if (record.kind === 'READY') group.ready = record;
    else group.decided = record;
    groups.set(record.group, group);
  }
  return groups.values();
}

function recordDecision(
  { ground }: ParticipantContext,
  id: TransactionId,
  { commits, refused }: Decision,
): Effect {
  const record = recordOf(commits ? 'COMMIT' : 'ABORT', { id, count: 0, participants: [] }, refused);
  return persist(...ground.journal.append(record));
}

function tellDecision(
  { ground: { mark } }: ParticipantContext,
  asker: Address,
  group: TransactionId,
  decision: Decision | undefined,
): Effect {
  if (decision === undefined) return send<End>(asker, { type: 'END', mark, group });
  const { commits, refused } = decision;
  if (commits) return send<CommitGroup>(asker, { type: 'COMMIT', group, refused, mark });
  return send<AbortGroup>(asker, { type: 'ABORT', group, mark });
}

function tellFollower(
  { ground }: ParticipantContext,
  group: TransactionId,
  message: FollowerMessage,
): Effect {
  return send(addressOf(ground.node, 'follower', String(group)), message);
}

function leaderOf({ ground }: ParticipantContext, group: TransactionId): Address {
  return addressOf(ground.leader, 'leader', String(group));
}
