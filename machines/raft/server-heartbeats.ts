import type { Effect } from '../../actors/effects.ts';
import type { Heartbeat } from './messages.ts';
import { type ServerContext, sendAhead, serverOf } from './server-context.ts';

/** Begins a round of heartbeats: its answers show that the leader still led when it began. */
export function beat(context: ServerContext): Effect[] {
  context.round += 1;
  context.roundsMs.set(context.round, context.clock.now());
  const message: Heartbeat = { type: 'heartbeat', term: context.term, round: context.round };
  return [...context.progress.keys()].map((node) => sendAhead(context, serverOf(node), message));
}
