import { assertEvent } from 'xstate';
import { addressOf } from '../../actors/address.ts';
import { type Effect, send, sendLazily } from '../../actors/effects.ts';
import type { Collect } from '../paxos/messages.ts';
import { actions as plain, guards as plainGuards } from '../two-phase-commit/coordinator-groups.ts';
import type { Arguments, OnlyContext } from './coordinator-context.ts';

/** What becomes of groups, as in two-phase commit, but that a leader may lose its office at any moment. */
export const actions = {
  noteDecided({ context, event }: Arguments): Effect[] {
    assertEvent(event, 'decided');
    return context.groups.get(event.group) === undefined ? [] : plain.noteDecided({ context, event });
  },

  /** The leader of a group, or a validator, has ended. */
  noteDone({ context, event }: Arguments): Effect[] {
    assertEvent(event, 'done');
    const { output, from } = event;
    // A scout, or a commander, of a ballot that is left.
    if (typeof output !== 'number' && 'kind' in output) return [];
    return plain.noteDone({ context, event: { type: 'done', output, from } });
  },

  /** Of ids that are to come it knows nothing: another may lead, who has given them. */
  answerDecisionReq({ context, event }: Arguments): Effect[] {
    assertEvent(event, 'DECISION-REQ');
    return event.group < context.groups.next ? [plain.answerDecisionReq({ context, event })] : [];
  },

  answerEndReq({ context, event }: Arguments): Effect {
    assertEvent(event, 'END-REQ');
    return plain.answerEndReq({ context, event });
  },

  /** So do the acceptors: what the votes were nobody will ask again. */
  tidy({ context }: OnlyContext): Effect[] {
    const effects = plain.tidy({ context });
    const { groups, nodes } = context;
    const { floor } = groups;
    if (floor <= groups.toldFloor) return effects;
    groups.toldFloor = floor;
    context.floor = Math.max(context.floor, floor);
    const message: Collect = { type: 'collect', floor };
    return [...effects, ...nodes.map((node) => tell(node, context.node, message))];
  },
};

export const guards = {
  isUntidy: ({ context }: OnlyContext) =>
    plainGuards.isUntidy({ context }) || context.groups.floor > context.groups.toldFloor,
};

function tell(node: string, self: string, message: Collect): Effect {
  const acceptor = addressOf(node, 'acceptor');
  return node === self ? send(acceptor, message) : sendLazily(acceptor, message);
}
