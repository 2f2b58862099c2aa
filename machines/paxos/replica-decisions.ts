import { assertEvent } from 'xstate';
import type { Effect } from '../../actors/effects.ts';
import { answerWaiting, applyNext, report } from '../replication/replica-clients.ts';
import { keep, noteDecided, noteAccepted as notePvalue, prune, skipTo } from './decisions.ts';
import type { Accepted } from './messages.ts';
import type { Pvalue } from './pvalue.ts';
import type { Arguments, OnlyContext } from './replica-context.ts';

/** How a replica learns what is decided, and applies it in the order of the slots. */
export const actions = {
  noteAccepted({ context, event }: Arguments): void {
    assertEvent(event, 'accepted');
    notePvalue(context.log, pvalueOf(event), context.state.applied);
  },

  learn({ context, event }: Arguments): void {
    assertEvent(event, 'decision');
    noteDecided(context.log, event.ballot, event.slot, event.batch, context.state.applied);
  },

  learnMany({ context, event }: Arguments): void {
    assertEvent(event, 'decisions');
    event.batches.forEach((batch, index) => {
      const slot = event.firstSlot + index;
      if (slot > context.state.applied) keep(context.log, slot, batch);
    });
  },

  applyDecided,

  noteInstalled({ context }: OnlyContext): Effect[] {
    skipTo(context.log, context.state.applied);
    return applyDecided({ context });
  },

  report({ context, event }: Arguments): Effect {
    assertEvent(event, 'status');
    return report(context, event, context.log.highest <= context.state.applied);
  },
};

function applyDecided({ context }: OnlyContext): Effect[] {
  const { log, state } = context;
  const effects: Effect[] = [];
  for (let batch = log.decided.get(state.applied + 1); batch !== undefined; ) {
    effects.push(...applyNext(context, batch));
    batch = log.decided.get(state.applied + 1);
  }
  prune(log, state.applied, context.settings.decisionBytesMax);
  effects.push(...answerWaiting(context));
  return effects;
}

function pvalueOf({ ballot, slot, batch }: Accepted): Pvalue {
  return { ballot, slot, batch };
}
