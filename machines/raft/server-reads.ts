import { assertEvent } from 'xstate';
import { type Effect, send } from '../../actors/effects.ts';
import type { ReadConfirmed } from '../replication/leader-messages.ts';
import { agreedValue } from './configuration.ts';
import { configurationOf } from './log.ts';
import type { WaitingRead } from './messages.ts';
import type { Arguments, ServerContext } from './server-context.ts';
import { beat } from './server-heartbeats.ts';

/** Linearizable reads without an entry of the log (thesis, section 6.4). */
export const actions = {
  queueRead({ context, event }: Arguments): Effect[] {
    assertEvent(event, 'confirmRead');
    const { reads, settings, round } = context;
    // With no majority to ask, clients ask again and again.
    if (reads.length >= settings.queriesMax) return [];
    reads.push({ replica: event.from, ticket: event.ticket, round: round + 1 });
    return confirmReads(context);
  },
};

/**
 * Answers the reads that came before a round of heartbeats which a majority has answered, and begins a round for
 * those that still wait; or, while the lease lasts, answers all at once. Everything that anybody was told is done
 * stands in the log up to the commit index, once the leader has committed something of its own term.
 */
export function confirmReads(context: ServerContext): Effect[] {
  const { commit, termStart, round, settings, clock } = context;
  const answered = answeredRound(context);
  noteLease(context, answered);
  if (context.reads.length === 0 || commit < termStart) return [];
  const hasLease = settings.reads === 'lease' && clock.now() < context.leaseUntilMs;
  const isConfirmed = (read: WaitingRead) => hasLease || read.round <= answered;
  const confirmed = context.reads.filter(isConfirmed);
  context.reads = context.reads.filter((read) => !isConfirmed(read));
  const effects: Effect[] = confirmed.map(({ replica, ticket }) =>
    send<ReadConfirmed>(replica, { type: 'readConfirmed', ticket, index: commit }),
  );
  // One round at a time: all reads that come meanwhile share the next one.
  if (context.reads.length > 0 && answered === round) {
    effects.push(...beat(context), ...(isAlone(context) ? confirmReads(context) : []));
  }
  return effects;
}

/** The last round that a majority has answered, itself counted. */
function answeredRound({ log, member, round, progress }: ServerContext): number {
  return agreedValue(configurationOf(log), (other) =>
    other === member ? round : (progress.get(other)?.round ?? 0),
  );
}

/** Until a while after the round began, a majority would vote for nobody else (section 6.4.1). */
function noteLease(context: ServerContext, answered: number): void {
  const { roundsMs, settings, hasToldSuccessor } = context;
  const beganMs = roundsMs.get(answered);
  if (beganMs !== undefined && !hasToldSuccessor) {
    context.leaseUntilMs = Math.max(context.leaseUntilMs, beganMs + settings.leaseMs);
  }
  for (const earlier of roundsMs.keys()) {
    if (earlier > answered) break;
    roundsMs.delete(earlier);
  }
}

function isAlone({ log }: ServerContext): boolean {
  const { voters, nextVoters } = configurationOf(log);
  return voters.length === 1 && nextVoters.length === 0;
}
