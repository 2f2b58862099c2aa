import { assertEvent } from 'xstate';
import { type Effect, persist, send, sendLazily } from '../../actors/effects.ts';
import type { RefusedMessage } from '../../actors/node.ts';
import { bytesOf, NO_OP } from '../replication/batch.ts';
import type { LeaderStatus } from '../replication/client-messages.ts';
import { enqueue, nothingPending, takeBatch } from '../replication/pending.ts';
import { agreedValue, isJoint, membersOf } from './configuration.ts';
import {
  append,
  configurationIndex,
  configurationOf,
  type Entry,
  entriesFrom,
  lastIndex,
  nextAfterConflict,
  termAt,
} from './log.ts';
import { latestOf, type Member, nodeOfMember } from './member.ts';
import type { AppendEntries, AppendPending, Commit, SendSnapshot } from './messages.ts';
import {
  firstUnanswered,
  noteMatch,
  noteSent,
  type Progress,
  probeFrom,
  unknownProgress,
} from './progress.ts';
import { entryRecord, LOG_ENTRIES_MAX } from './records.ts';
import {
  type Arguments,
  canDecideHere,
  hasVote,
  memberIn,
  type OnlyContext,
  type ServerContext,
  sendAhead,
  serverOf,
} from './server-context.ts';
import { commitUpTo, tellCaughtUp } from './server-handover.ts';
import { beat } from './server-heartbeats.ts';
import { confirmReads } from './server-reads.ts';

/** How a leader brings its log to the others, and commits it (thesis, sections 3.5, 3.6.2, 6.2 and 10.2). */
export const actions = {
  /** A no-op first: once it is committed, so is all before it (section 6.4). */
  takeOffice({ context }: OnlyContext): Effect[] {
    context.progress.clear();
    context.pending = nothingPending();
    context.appendRequested = false;
    context.reads = [];
    context.round = 0;
    context.roundsMs.clear();
    context.leaseUntilMs = Number.NEGATIVE_INFINITY;
    context.hasToldSuccessor = false;
    context.transferTo = undefined;
    context.goal = undefined;
    context.welcomes.clear();
    context.termStart = lastIndex(context.log) + 1;
    updateMembers(context);
    return appendEntry(context, { term: context.term, batch: NO_OP });
  },

  leaveOffice({ context }: OnlyContext): void {
    context.progress.clear();
    context.pending = nothingPending();
    context.reads = [];
    context.roundsMs.clear();
    context.transferTo = undefined;
  },

  takeProposal({ context, event }: Arguments): Effect | undefined {
    assertEvent(event, 'propose');
    if (enqueue(context.pending, event.chunk, context.settings)) return requestAppend(context);
    return send<RefusedMessage>(event.client, { type: 'refused' });
  },

  refuseProposal({ event }: Arguments): Effect {
    assertEvent(event, 'propose');
    return send<RefusedMessage>(event.client, { type: 'refused' });
  },

  appendPending({ context }: OnlyContext): Effect[] {
    context.appendRequested = false;
    return appendWaiting(context);
  },

  beat({ context }: OnlyContext): Effect[] {
    context.heardMs = context.clock.now();
    // Who leads alone hears no answers: its rounds are over as they begin.
    return [...beat(context), ...tellCommit(context), ...confirmReads(context)];
  },

  noteAppended({ context, event }: Arguments): Effect[] {
    assertEvent(event, 'appended');
    const member = memberIn(event);
    const progress = context.progress.get(member);
    if (progress === undefined) return [];
    progress.answered = true;
    progress.heard = true;
    noteMatch(progress, event.match);
    return [...advanceCommit(context), ...sendEntries(context, member, progress)];
  },

  /** Goes back to where the logs may meet; an answer to what was sent before that is of no interest. */
  backtrack({ context, event }: Arguments): Effect[] {
    assertEvent(event, 'mismatched');
    const member = memberIn(event);
    const progress = context.progress.get(member);
    if (progress === undefined || event.previous <= progress.match) return [];
    progress.answered = true;
    progress.heard = true;
    if (event.previous >= progress.next) return [];
    probeFrom(progress, Math.min(nextAfterConflict(context.log, event.conflict), event.previous));
    return sendEntries(context, member, progress);
  },

  noteHeartbeatReply({ context, event }: Arguments): Effect[] {
    assertEvent(event, 'heartbeatReply');
    const progress = context.progress.get(memberIn(event));
    if (progress === undefined) return [];
    progress.heard = true;
    if (event.round >= progress.round) {
      // They go back where the other one has restarted.
      progress.commit = event.commit;
      progress.told = event.leaderCommit;
      progress.round = event.round;
    }
    return confirmReads(context);
  },

  /**
   * Whatever was not answered since the last look is sent again, one message at a time, to those who are there: one that
   * is down would have entries packed for it, and a snapshot opened, for nothing.
   */
  sendAgain({ context }: OnlyContext): Effect[] {
    const effects: Effect[] = [];
    for (const [member, progress] of context.progress) {
      const isSilent = !progress.answered;
      progress.answered = false;
      if (!isSilent || !progress.heard || progress.match >= lastIndex(context.log)) continue;
      probeFrom(progress, firstUnanswered(progress));
      effects.push(...sendEntries(context, member, progress));
    }
    return effects;
  },

  forgetHeard({ context }: OnlyContext): void {
    for (const progress of context.progress.values()) progress.heard = false;
  },

  reportLeading({ context, event }: Arguments): Effect {
    return report(context, event, true);
  },

  reportFollowing({ context, event }: Arguments): Effect {
    return report(context, event, false);
  },
};

export const guards = {
  /** Check quorum (section 6.2): a leader without a majority only keeps clients waiting. */
  hearsQuorum: ({ context }: OnlyContext) =>
    canDecideHere(
      context,
      (member) => member === context.member || context.progress.get(member)?.heard === true,
    ),
};

/** Appends an entry to the own log and sends it to all: the others write it while this server does (section 10.2.1). */
export function appendEntry(context: ServerContext, entry: Entry): Effect[] {
  const index = append(context.log, entry);
  if (entry.configuration !== undefined) updateMembers(context);
  return [
    persist(entryRecord(index, entry)),
    ...[...context.progress].flatMap(([member, progress]) => sendEntries(context, member, progress)),
    ...advanceCommit(context),
  ];
}

/** Follows the configuration in force: whom to send to. */
function updateMembers(context: ServerContext): void {
  const all = membersOf(configurationOf(context.log));
  // A member whose memory is lost is nobody any more; its node has a place under a new name.
  const members = new Set(all.filter((member) => latestOf(all, nodeOfMember(member)) === member));
  for (const member of context.progress.keys()) if (!members.has(member)) context.progress.delete(member);
  for (const member of members) {
    if (member === context.member || context.progress.has(member)) continue;
    context.progress.set(member, unknownProgress(lastIndex(context.log)));
  }
}

/** Entries are appended once what this turn brings has been gathered: many commands share one. */
function requestAppend(context: ServerContext): Effect | undefined {
  if (context.appendRequested) return undefined;
  context.appendRequested = true;
  return send<AppendPending>(context.self, { type: 'appendPending' });
}

function appendWaiting(context: ServerContext): Effect[] {
  const effects: Effect[] = [];
  while (hasRoom(context)) {
    const batch = takeBatch(context.pending, context.settings);
    if (batch === undefined) break;
    effects.push(...appendEntry(context, { term: context.term, batch }));
  }
  return effects;
}

/** Half of what a log can keep, so that a follower that compacts its own late still has room. */
function hasRoom({ log, commit, settings, transferTo }: ServerContext): boolean {
  return (
    transferTo === undefined &&
    lastIndex(log) - commit < settings.uncommittedMax &&
    lastIndex(log) - log.base.index < LOG_ENTRIES_MAX / 2 &&
    log.bytes < settings.logBytesMax / 2
  );
}

/**
 * Early, by the term's right: entries promise nothing until their writers say that they have them. But a configuration
 * says that the one before it is committed, which may rest on what this server has yet to write.
 */
function sendEntries(context: ServerContext, member: Member, progress: Progress): Effect[] {
  const { log, settings, term } = context;
  const effects: Effect[] = [];
  const last = lastIndex(log);
  while (progress.next <= last || (progress.probing && progress.match < last)) {
    if (progress.inFlight.length >= (progress.probing ? 1 : settings.inFlightMessagesMax)) break;
    if (progress.inFlightBytes >= settings.inFlightBytesMax) break;
    const previous = progress.next - 1;
    const previousTerm = termAt(log, previous);
    if (previousTerm === undefined) return [...effects, offerSnapshot(context, member, progress)];
    const entries = entriesFrom(log, progress.next, last, settings.catchUpBytesMax);
    const message: AppendEntries = {
      type: entries.length > 0 ? 'appendEntries' : 'probe',
      term,
      previous: { index: previous, term: previousTerm },
      entries,
    };
    const isChange = entries.some(({ configuration }) => configuration !== undefined);
    effects.push(isChange ? send(serverOf(member), message) : sendAhead(context, serverOf(member), message));
    noteSent(progress, previous + entries.length, sizeOf(entries));
  }
  return effects;
}

/** What the follower misses is compacted; it is asked again where the log begins. */
function offerSnapshot(context: ServerContext, member: Member, progress: Progress): Effect {
  progress.next = context.log.base.index + 1;
  return send<SendSnapshot>(context.replica, {
    type: 'sendSnapshot',
    to: nodeOfMember(member),
    applied: Math.max(progress.match, progress.commit),
  });
}

function sizeOf(entries: readonly Entry[]): number {
  return entries.reduce((bytes, { batch }) => bytes + bytesOf(batch), 0);
}

/**
 * Commits what enough servers have; of its own term alone by counting, and so all before it (section 3.6.2). What it
 * has itself counts at once: the news of it leaves after the flush.
 */
function advanceCommit(context: ServerContext): Effect[] {
  const { log, commit, member, progress, term } = context;
  const last = lastIndex(log);
  const agreed = agreedValue(configurationOf(log), (other) =>
    other === member ? last : (progress.get(other)?.match ?? 0),
  );
  if (agreed <= commit || termAt(log, agreed) !== term) return [];
  const isFirst = commit < context.termStart;
  const effects = commitUpTo(context, agreed);
  if (isFirst) {
    context.caughtUp = true;
    effects.push(...tellCaughtUp(context));
  }
  effects.push(...tellCommit(context), ...confirmReads(context), ...appendWaiting(context));
  return effects;
}

/** In no hurry: it travels with the next entries. Never early, for it may rest on what this server has yet to write. */
function tellCommit(context: ServerContext): Effect[] {
  const { commit: index, log, term } = context;
  return [...context.progress].flatMap(([member, progress]) => {
    const matchTerm = termAt(log, progress.match);
    if (progress.told >= index || matchTerm === undefined) return [];
    const match = { index: progress.match, term: matchTerm };
    return [sendLazily<Commit>(serverOf(member), { type: 'commit', term, index, match })];
  });
}

function report(context: ServerContext, event: Arguments['event'], leads: boolean): Effect {
  assertEvent(event, 'status');
  const { term, log, commit, pending } = context;
  const configuration = configurationOf(log);
  return send<LeaderStatus>(event.from, {
    type: 'leaderStatus',
    id: event.id,
    leads,
    term,
    members: {
      voters: configuration.voters.map(nodeOfMember),
      learners: configuration.learners.map(nodeOfMember),
      changing: isJoint(configuration) || configurationIndex(log) > commit,
    },
    open: lastIndex(log) - commit,
    pending: pending.chunks.length,
    hasVote: hasVote(context),
  });
}
