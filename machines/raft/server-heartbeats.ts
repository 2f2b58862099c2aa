import type { Effect } from '../../actors/effects.ts';
import { nodeOfMember } from './member.ts';
import type { Heartbeat } from './messages.ts';
import { type ServerContext, sendAhead, serverOf } from './server-context.ts';

/** Begins a round of heartbeats: its answers show that the leader still led when it began. */
export function beat(context: ServerContext): Effect[] {
  context.round += 1;
  context.roundsMs.set(context.round, context.clock.now());
  const message: Heartbeat = { type: 'heartbeat', term: context.term, round: context.round };
  return [...context.progress.keys()].map((member) => {
    const isFirstLife = member === nodeOfMember(member);
    return sendAhead(context, serverOf(member), isFirstLife ? message : { ...message, to: member });
  });
}
