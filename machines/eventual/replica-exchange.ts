import type { Effect } from '../../actors/effects.ts';
import {
  entriesOf,
  type OnlyContext,
  persistRedo,
  post,
  type ReplicaContext,
  reachableFrom,
  tellHeld,
} from './replica-context.ts';

/** How new writes travel, and how those of others reach the disk: many together, where there are many. */
export const actions = {
  /** One flush for what others have written; one message to each of them, of that and of what is new here. */
  exchange({ context }: OnlyContext): Effect[] {
    return [...sendUnsent(context), ...persistTaken(context)];
  },

  endExchange({ context }: OnlyContext): void {
    context.isExchanging = false;
  },
};

export const guards = {
  isExchanging: ({ context }: OnlyContext) => context.isExchanging || hasNews(context),
  hasNews: ({ context }: OnlyContext) => hasNews(context),
};

function hasNews({ unsent, unanswered, state }: ReplicaContext): boolean {
  return unsent.length > 0 || unanswered.size > 0 || state.hasRedo;
}

/** Own writes that have not been sent yet, to all that there is a way to. */
export function sendUnsent(context: ReplicaContext): Effect[] {
  const { unsent, peers } = context;
  const first = unsent[0]?.first;
  if (first === undefined) return [];
  context.unsent = [];
  context.unsentBytes = 0;
  context.sentUpTo = unsent.at(-1)!.last;
  context.isExchanging = true;
  const reachable = reachableFrom(context);
  for (const server of reachable) {
    const peer = peers.get(server);
    if (peer !== undefined) peer.sentFrom ??= first;
  }
  return post(
    context,
    reachable,
    entriesOf(
      context,
      unsent.map(({ run }) => run),
    ),
  );
}

/** All whose entries were taken in hear that they are on disk. */
function persistTaken(context: ReplicaContext): Effect[] {
  const { unanswered } = context;
  return unanswered.size === 0 ? persistRedo(context) : tellHeld(context, [...unanswered]);
}
