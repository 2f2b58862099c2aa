import { assertEvent } from 'xstate';
import type { Address } from '../../actors/address.ts';
import { type Effect, send } from '../../actors/effects.ts';
import type { RefusedMessage } from '../../actors/node.ts';
import type { CoordinatorStatus, JournalPage, Opened, Outcome, Outcomes } from './client-messages.ts';
import { type Arguments, type CoordinatorContext, requestGroups } from './coordinator-context.ts';
import { BadTransactionError } from './errors.ts';
import { journalPage } from './journal-page.ts';
import { keysOf, type RequestedTransaction } from './requests.ts';
import type { Session } from './sessions.ts';
import type { Transaction } from './transaction.ts';
import { decodeTransaction } from './transaction-bytes.ts';

/** What the coordinator does for clients: takes in their transactions, once each, and answers again. */
export const actions = {
  openSession({ context, event }: Arguments): Effect {
    assertEvent(event, 'open');
    const { id: session } = context.sessions.open(event.from);
    const { life } = context;
    return send<Opened>(event.from, { type: 'opened', nonce: event.nonce, session, life });
  },

  takeTransactions({ context, event }: Arguments): Effect[] {
    assertEvent(event, 'commit');
    const { session: id, first, below, transactions, from } = event;
    const session = context.sessions.use(id, from, below);
    if (session === undefined) {
      const outcomes = transactions.map((_, place): Outcome => [first + place, 'unknown']);
      return [answer(from, id, outcomes)];
    }
    const outcomes: Outcome[] = [];
    let hasRoom = true;
    transactions.forEach((bytes, place) => {
      const number = first + place;
      if (number < session.below || !hasRoom) return;
      hasRoom = session.outcomes.has(number) || hasRoomFor(context, session, bytes);
      const known = hasRoom ? take(context, session, number, bytes) : undefined;
      if (known !== undefined) outcomes.push(known);
    });
    return [
      ...(outcomes.length > 0 ? [answer(from, id, outcomes)] : []),
      ...(hasRoom ? [] : [send<RefusedMessage>(from, { type: 'refused' })]),
      ...requestGroups(context),
    ];
  },

  report({ context, event }: Arguments): Effect {
    assertEvent(event, 'status');
    const { life, followers, learner, groups, pending, journal } = context;
    return send<CoordinatorStatus>(event.from, {
      type: 'coordinatorStatus',
      id: event.id,
      life,
      followers,
      learner: learner?.node,
      open: groups.describe(),
      pending,
      records: journal.size,
      mark: groups.mark,
      isTidy: !journal.hasLazy && groups.mark <= groups.toldMark,
    });
  },

  showJournal({ context, event }: Arguments): Effect {
    assertEvent(event, 'journal');
    return send<JournalPage>(event.from, journalPage(context.journal, event, context.settings.pageBytesMax));
  },
};

function answer(client: Address, session: number, outcomes: readonly Outcome[]): Effect {
  return send<Outcomes>(client, { type: 'outcomes', session, outcomes });
}

/** Takes in a transaction that was not heard of before. Gives the outcome, where there is one already. */
function take(
  context: CoordinatorContext,
  session: Session,
  number: number,
  bytes: Uint8Array,
): Outcome | undefined {
  const { outcomes } = session;
  if (outcomes.has(number)) return outcomes.get(number);
  const transaction = decoded(bytes);
  if (transaction === undefined) {
    const outcome: Outcome = [number, 'aborted', 'malformed'];
    outcomes.set(number, outcome);
    return outcome;
  }
  outcomes.set(number, undefined);
  admit(context, { session, number, bytes, ...keysOf(transaction), missing: 0 });
  return undefined;
}

function admit(context: CoordinatorContext, transaction: RequestedTransaction): void {
  context.pending += 1;
  context.pendingBytes += transaction.bytes.byteLength;
  if (context.settings.readOnlyVotes && transaction.exclusive.length === 0) {
    context.unvalidated.push(transaction);
  } else if (context.locks.request(transaction)) {
    context.granted.push(transaction);
  } else {
    // It may wait for long, and must not keep all that came in the same frame.
    transaction.bytes = new Uint8Array(transaction.bytes);
  }
}

function decoded(bytes: Uint8Array): Transaction | undefined {
  try {
    return decodeTransaction(bytes);
  } catch (error) {
    if (error instanceof BadTransactionError) return undefined;
    throw error;
  }
}

function hasRoomFor(
  { pending, pendingBytes, settings }: CoordinatorContext,
  { outcomes }: Session,
  bytes: Uint8Array,
): boolean {
  return (
    pending < settings.pendingTransactionsMax &&
    (pending === 0 || pendingBytes + bytes.byteLength <= settings.pendingBytesMax) &&
    outcomes.size < settings.sessionTransactionsMax
  );
}
