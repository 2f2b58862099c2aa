import { type Effect, persistBehind } from '../../actors/effects.ts';
import type { OnlyContext } from './replica-context.ts';

/** The token of a write-behind. */
export const BEHIND = 1;

/** How what is applied reaches the disk: all that is new, and the slot that it belongs to, in one transaction. */
export const actions = {
  writeDirty({ context }: OnlyContext): Effect | undefined {
    const writes = context.state.takeDirty();
    return writes === undefined ? undefined : persistBehind(BEHIND, writes);
  },

  noteDurable({ context }: OnlyContext): void {
    context.state.persisted();
  },
};
