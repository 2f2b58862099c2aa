import { assertEvent } from 'xstate';
import { type Effect, persist, send, sendEarly } from '../../actors/effects.ts';
import { conflictAt, termAt } from './log.ts';
import type { Appended, HeartbeatReply, Mismatched } from './messages.ts';
import { type Arguments, type ServerContext, signature } from './server-context.ts';
import { commitUpTo } from './server-handover.ts';
import { placeEntries } from './server-placing.ts';

/** How a follower takes in the leader's log (thesis, section 3.5). */
export const actions = {
  /**
   * Entries are durable before their leader hears of it: the answer leaves after the flush. What found no room it sends
   * again, and by then there may be some: once more is applied durably.
   */
  takeEntries({ context, event }: Arguments): Effect[] {
    assertEvent(event, ['appendEntries', 'probe']);
    const { log, term } = context;
    const { previous, entries } = event;
    const conflict = conflictAt(log, previous);
    if (conflict !== undefined) {
      const reply: Mismatched = {
        type: 'mismatched',
        term,
        previous: previous.index,
        conflict,
        ...signature(context),
      };
      return [send(event.from, reply)];
    }
    const { writes, match } = placeEntries(context, previous.index, entries);
    context.matched = Math.max(context.matched, match);
    const reply: Appended = { type: 'appended', term, match, ...signature(context) };
    return [
      ...(writes.length === 0 ? [] : [persist(...writes)]),
      send(event.from, reply),
      ...commitMatched(context),
    ];
  },

  noteCommit({ context, event }: Arguments): Effect[] {
    assertEvent(event, 'commit');
    const { index, term } = event.match;
    // It may have restarted, and have forgotten what it once told this leader.
    if (termAt(context.log, index) === term) context.matched = Math.max(context.matched, index);
    context.leaderCommit = Math.max(context.leaderCommit, event.index);
    return commitMatched(context);
  },

  /** Early: that nothing of a later term was heard rests on no record. */
  answerHeartbeat({ context, event }: Arguments): Effect {
    assertEvent(event, 'heartbeat');
    const { term, commit, leaderCommit } = context;
    const reply: HeartbeatReply = {
      type: 'heartbeatReply',
      term,
      round: event.round,
      commit,
      leaderCommit,
      ...signature(context),
    };
    return event.term < term ? send(event.from, reply) : sendEarly(event.from, reply);
  },

  /** A leader of an older term is told of the newer one, which makes it step down. */
  tellTerm({ context, event }: Arguments): Effect {
    assertEvent(event, ['appendEntries', 'probe']);
    const reply: Appended = { type: 'appended', term: context.term, match: 0 };
    return send(event.from, reply);
  },
};

/** What is committed and known to be here as the leader has it, is committed here. */
function commitMatched(context: ServerContext): Effect[] {
  return commitUpTo(context, Math.min(context.leaderCommit, context.matched));
}
