import { type Effect, persist, persistBehind, send } from '../../actors/effects.ts';
import type { KnownMembers } from './messages.ts';
import { routerOf } from './messages.ts';
import { membersRecord } from './records.ts';
import { type Arguments, type OnlyContext, othersOf, persistRedo, trimLog } from './replica-context.ts';

/** How what is new reaches the store, and what nobody needs any more goes. */
export const actions = {
  introduce({ context }: OnlyContext): Effect[] {
    const { introduction, members, server } = context;
    // The only member has nobody to wait for.
    if (members.size === 1) trimLog(context);
    return [
      persist(...introduction),
      // Records of another origin, before own ones come to stand where they do.
      ...persistRedo(context),
      send<KnownMembers>(routerOf(server), { type: 'knownMembers', members: [...members] }),
    ];
  },

  writeDirty({ context }: OnlyContext): Effect {
    // The members, too: without its journal it would not know that there are others to ask.
    return persistBehind(0, [...context.state.takeDirty(), membersRecord([...context.members])]);
  },

  /** The store has it: the journal need not keep it. */
  noteDurable({ context, event }: Arguments): Effect[] {
    if (event.type !== 'persisted') return [];
    const forgotten = context.state.persisted();
    return forgotten.length === 0 ? [] : [persist(...forgotten)];
  },

  collect({ context }: OnlyContext): void {
    const { state, stability, peers } = context;
    const others = othersOf(context).map((other) => {
      const peer = peers.get(other);
      return peer?.isKnown === true ? peer.held : undefined;
    });
    const stable = stability.check(state.held, others);
    if (stable !== undefined) state.collect(stable);
  },
};

export const guards = {
  isIgnorant: ({ context }: OnlyContext) => context.isIgnorant,
  hasLog: ({ context }: OnlyContext) => context.state.log.size > 0,
  hasTombstones: ({ context }: OnlyContext) => context.state.versions.tombstones.size > 0,
  isDirty: ({ context }: OnlyContext) => context.state.isDirty,
  mayWrite: ({ context }: OnlyContext) => context.state.mayTake,
  isVeryDirty: ({ context }: OnlyContext) =>
    context.state.versions.dirtyBytes > context.settings.writeBehindBytes,
};
