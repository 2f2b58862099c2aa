import { assertEvent } from 'xstate';
import { type Effect, send } from '../../actors/effects.ts';
import type { CoordinatorStatus, Outcome, Outcomes } from '../two-phase-commit/client-messages.ts';
import { actions as plain } from '../two-phase-commit/coordinator-clients.ts';
import type { Arguments } from './coordinator-context.ts';
import type { Redirect } from './messages.ts';

/** How a coordinator is, of which one leads. */
export type ReplicatedCoordinatorStatus = CoordinatorStatus & {
  /** Who leads, as far as it knows. */
  readonly leader: string | undefined;
  readonly leads: boolean;
};

export const actions = {
  openSession({ context, event }: Arguments): Effect {
    assertEvent(event, 'open');
    return plain.openSession({ context, event });
  },

  showJournal({ context, event }: Arguments): Effect {
    assertEvent(event, 'journal');
    return plain.showJournal({ context, event });
  },

  redirect({ context, event }: Arguments): Effect {
    assertEvent(event, ['open', 'commit']);
    return send<Redirect>(event.from, { type: 'redirect', leader: context.following?.leader });
  },

  /**
   * Of a session that was opened at a former leader only that is known which it left open; whether the rest happened
   * nobody remembers. The client hears of what is known first, for the rest ends the session.
   */
  takeTransactions(args: Arguments): Effect[] {
    const { context, event } = args;
    assertEvent(event, 'commit');
    const { session: id, first, below, transactions, from } = event;
    const session = context.sessions.use(id, from, below);
    if (session?.isInherited !== true) {
      return plain.takeTransactions({ context, event });
    }
    const numbers = transactions.map((_, place) => first + place).filter((number) => number >= session.below);
    const isUnderWay = [...session.outcomes.values()].includes(undefined);
    const outcomes: Outcome[] = [];
    for (const number of numbers) {
      const outcome = session.outcomes.get(number);
      if (outcome !== undefined) outcomes.push(outcome);
      else if (!isUnderWay) outcomes.push([number, 'unknown']);
    }
    return outcomes.length === 0 ? [] : [send<Outcomes>(from, { type: 'outcomes', session: id, outcomes })];
  },

  report({ context, event }: Arguments): Effect[] {
    assertEvent(event, 'status');
    const { leads, following } = context;
    return [plain.report({ context, event })].map((effect) =>
      effect.effect === 'send'
        ? { ...effect, message: { ...effect.message, leads, leader: following?.leader } }
        : effect,
    );
  },
};
