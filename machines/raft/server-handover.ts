import { assertEvent } from 'xstate';
import { type Effect, persist, send } from '../../actors/effects.ts';
import { bytesOf } from '../replication/batch.ts';
import { compact, configurationAt, entriesFrom, lastIndex, logAfter, termAt } from './log.ts';
import type { CaughtUp, Committed } from './messages.ts';
import { baseRecords, LOG_ENTRIES_MAX, resetRecords, toAnchor } from './records.ts';
import type { Arguments, ServerContext } from './server-context.ts';

/** Between the server and the replica beside it: what is committed goes there, what is on disk there is let go of. */
export const actions = {
  /** The replica starts, or has given up a snapshot: it wants what follows its state. */
  handOverAgain({ context, event }: Arguments): Effect[] {
    assertEvent(event, 'handOver');
    context.handed = event.index;
    return [...handOver(context), ...tellCaughtUp(context)];
  },

  /** Log compaction (thesis, chapter 5): the state on disk is the snapshot, and goes on growing by itself. */
  compactDurable({ context, event }: Arguments): Effect | undefined {
    assertEvent(event, 'durable');
    const { log } = context;
    let index = log.base.index;
    let bytes = log.bytes;
    while (index < event.index && isOverKept(context, index, bytes)) {
      bytes -= bytesOf(log.entries[index - log.base.index]!.batch);
      index += 1;
    }
    if (index === log.base.index) return undefined;
    const dropped = compact(log, index);
    return persist(...baseRecords(log.base, configurationAt(log, index), dropped));
  },

  /** A snapshot has taken the place of all entries up to its index; those after it stay if they follow it (figure 5.3). */
  goOnFromSnapshot({ context, event }: Arguments): Effect[] {
    assertEvent(event, 'installed');
    const { index } = event;
    const { term, configuration } = toAnchor(event.anchor);
    const { log } = context;
    const effects: Effect[] = [];
    if (index > log.base.index) {
      if (termAt(log, index) === term) {
        const dropped = compact(log, index);
        effects.push(persist(...baseRecords(log.base, configuration, dropped)));
      } else {
        context.log = logAfter({ index, term }, configuration);
        effects.push(persist(...resetRecords(context.log.base, configuration)));
      }
    }
    context.matched = Math.max(context.matched, index);
    context.commit = Math.max(context.commit, index);
    context.handed = index;
    return [...effects, ...handOver(context), ...tellCaughtUp(context)];
  },
};

/** Entries up to `index` are committed. */
export function commitUpTo(context: ServerContext, index: number): Effect[] {
  const isFirst = !context.caughtUp && context.leaderCommit > 0 && index >= context.leaderCommit;
  if (isFirst) context.caughtUp = true;
  if (index > context.commit) context.commit = index;
  return [...handOver(context), ...(isFirst ? tellCaughtUp(context) : [])];
}

/** Hands over what is committed. What the log no longer holds, a snapshot will bring. */
export function handOver(context: ServerContext): Effect[] {
  const { log, handed, commit, replica } = context;
  if (handed >= commit || handed < log.base.index) return [];
  const entries = entriesFrom(log, handed + 1, Math.min(commit, lastIndex(log)), Number.POSITIVE_INFINITY);
  context.handed = handed + entries.length;
  return [send<Committed>(replica, { type: 'committed', first: handed + 1, entries })];
}

export function tellCaughtUp({ caughtUp, handed, commit, replica }: ServerContext): Effect[] {
  return caughtUp && handed >= commit ? [send<CaughtUp>(replica, { type: 'caughtUp' })] : [];
}

function isOverKept({ log, settings }: ServerContext, base: number, bytes: number): boolean {
  return bytes > settings.logKeptBytes || lastIndex(log) - base > LOG_ENTRIES_MAX / 4;
}
