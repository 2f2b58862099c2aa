import { type Effect, persistBehind } from '../../actors/effects.ts';
import type { ReplicaArguments } from './replica-context.ts';
import { isSwitching } from './replica-snapshots.ts';

type OnlyContext = Pick<ReplicaArguments, 'context'>;

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

export const guards = {
  isBehindToken: ({ event }: ReplicaArguments) => 'token' in event && event.token === BEHIND,
  isDirty: ({ context }: OnlyContext) => context.state.isDirty,
  /** Not while a snapshot is put in force: it takes the place of what is dirty. */
  mayWrite: ({ context }: OnlyContext) => context.state.mayTake && !isSwitching(context),
  isVeryDirty: ({ context }: OnlyContext) => context.state.dirtyBytes > context.settings.writeBehindBytes,
};
