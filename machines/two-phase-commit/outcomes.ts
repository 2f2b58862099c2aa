import { type Effect, send } from '../../actors/effects.ts';
import type { AbortReason, Outcome, Outcomes } from './client-messages.ts';
import type { Decision } from './presumption.ts';
import type { RequestedTransaction } from './requests.ts';
import type { Session } from './sessions.ts';
import { NO_VERSION, type TransactionId } from './transaction-id.ts';

/** What becomes of a group's transaction at that place. `reasons` tells why, as far as anybody has. */
export function outcomeOf(
  { number, exclusive, writes = exclusive.length > 0 }: RequestedTransaction,
  id: TransactionId,
  place: number,
  { commits }: Decision,
  reasons: ReadonlyMap<number, AbortReason>,
): Outcome {
  const reason = reasons.get(place);
  // Where none commits for a reason that is not theirs, somebody has not voted at all.
  if (!commits || reason !== undefined) return [number, 'aborted', reason ?? 'timeout'];
  return [number, 'committed', writes ? id : NO_VERSION];
}

/** Tells clients what became of their transactions: one message for each session. */
export function tellClients(
  members: readonly RequestedTransaction[],
  outcome: (place: number) => Outcome,
): Effect[] {
  const bySession = new Map<Session, Outcome[]>();
  members.forEach(({ session }, place) => {
    const outcomes = bySession.get(session);
    if (outcomes === undefined) bySession.set(session, [outcome(place)]);
    else outcomes.push(outcome(place));
  });
  return Array.from(bySession, ([{ client, id: session }, outcomes]) =>
    send<Outcomes>(client, { type: 'outcomes', session, outcomes }),
  );
}
