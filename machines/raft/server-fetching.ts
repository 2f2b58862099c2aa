import { assertEvent } from 'xstate';
import { nodeOf } from '../../actors/address.ts';
import { type Effect, persist, send } from '../../actors/effects.ts';
import { configurationIndex, entriesFrom, termAt } from './log.ts';
import type { Fetch, Fetched, NeedSnapshot, SendSnapshot } from './messages.ts';
import type { Arguments } from './server-context.ts';
import { commitUpTo } from './server-handover.ts';
import { placeEntries } from './server-placing.ts';

/**
 * Where a link is cut, a server may reach others but not their leader, and these will elect nobody else while they hear
 * it. The thesis leaves such a server behind; here it asks the others for what is committed, which is safe to take from
 * anybody: what is committed stands in the log of every later leader (section 3.6.3).
 */
export const actions = {
  fetch({ context, event }: Arguments): Effect[] {
    const { log, commit } = context;
    const term = termAt(log, commit);
    if (term === undefined) return [];
    return [send<Fetch>(event.from, { type: 'fetch', previous: { index: commit, term } })];
  },

  answerFetch({ context, event }: Arguments): Effect[] {
    assertEvent(event, 'fetch');
    const { log, commit, term, replica, settings } = context;
    const { previous } = event;
    if (previous.index >= commit) return [];
    if (previous.index < log.base.index) {
      const message: SendSnapshot = { type: 'sendSnapshot', to: nodeOf(event.from), applied: previous.index };
      return [send(replica, message)];
    }
    const entries = entriesFrom(log, previous.index + 1, commit, settings.catchUpBytesMax);
    return [send<Fetched>(event.from, { type: 'fetched', term, previous, entries, commit })];
  },

  /** The state on disk was lost, and the log no longer begins at its beginning. */
  askSnapshot({ context, event }: Arguments): Effect[] {
    const { handed, log, clock, settings } = context;
    const nowMs = clock.now();
    if (handed >= log.base.index || nowMs - context.askedSnapshotMs < settings.snapshotIdleMs) return [];
    context.askedSnapshotMs = nowMs;
    return [send<NeedSnapshot>(event.from, { type: 'needSnapshot', applied: handed })];
  },

  answerNeedSnapshot({ context, event }: Arguments): Effect {
    assertEvent(event, 'needSnapshot');
    const message: SendSnapshot = {
      type: 'sendSnapshot',
      to: nodeOf(event.from),
      applied: event.applied,
    };
    return send(context.replica, message);
  },

  takeFetched({ context, event }: Arguments): Effect[] {
    assertEvent(event, 'fetched');
    const { previous, entries, commit } = event;
    // Sent for an older question, it may begin after what is here. What finds no room is asked for again.
    if (previous.index > context.commit) return [];
    const { writes, match } = placeEntries(context, previous.index, entries);
    context.leaderCommit = Math.max(context.leaderCommit, commit);
    return [...(writes.length === 0 ? [] : [persist(...writes)]), ...commitUpTo(context, match)];
  },
};

export const guards = {
  /** The other one has committed what made this server a member, or took its place, and has it not among the members. */
  isRemoved: ({ context, event }: Arguments) =>
    event.type === 'preVoteReply' &&
    !event.isMember &&
    event.commit > context.commit &&
    event.commit >= configurationIndex(context.log),
  knowsMore: ({ context, event }: Arguments) =>
    event.type === 'preVoteReply' && !event.granted && event.commit > context.commit,
};
