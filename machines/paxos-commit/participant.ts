import { assertEvent } from 'xstate';
import { addressOf, nodeOf } from '../../actors/address.ts';
import { type Effect, send } from '../../actors/effects.ts';
import { unpackGroup } from '../two-phase-commit/group.ts';
import type { EndReq } from '../two-phase-commit/messages.ts';
import { participant } from '../two-phase-commit/participant.ts';
import type { Arguments } from '../two-phase-commit/participant-context.ts';
import { actions as plain } from '../two-phase-commit/participant-groups.ts';
import { putDown } from './follower.ts';

/** A follower's standing part, as in two-phase commit, but that any node may lead. */
export function participantAmong(nodes: readonly string[]) {
  return participant.provide({
    actions: {
      startFollower: (args: Arguments) => {
        assertEvent(args.event, 'VOTE-REQ');
        const { group, ballot } = args.event;
        const effect = plain.startFollower(args);
        const followed = args.context.groups.get(group)!;
        // Views into the frame that brought them.
        followed.ballot = ballot && { ...ballot, origins: new Uint8Array(ballot.origins) };
        return effect;
      },
      /** As it did; or not at all where it has forgotten why. */
      voteAgain: ({ context, event }: Arguments): Effect[] => {
        assertEvent(event, 'VOTE-REQ');
        const { group: id, participants, transactions, ballot } = event;
        const refused = context.kept.get(id)?.vote;
        if (refused === undefined || ballot === undefined) return [];
        const count = unpackGroup(transactions).length;
        const type = refused.length === count ? 'VOTE-NO' : 'VOTE-YES';
        const { node } = context.ground;
        return putDown({ nodes, node, type, ballot, group: { id, count, participants }, refused });
      },
      handOn: (args: Arguments) => {
        noteLeader(args);
        return plain.handOn(args);
      },
      noteDecision: (args: Arguments) => {
        noteLeader(args);
        return plain.noteDecision(args);
      },
      noteMark: (args: Arguments) => {
        noteLeader(args);
        return plain.noteMark(args);
      },
      askEnd: () => nodes.map((node) => send<EndReq>(addressOf(node, 'coordinator'), { type: 'END-REQ' })),
    },
  });
}

/** Who asks for votes, or tells decisions and marks, leads, or did until now. */
function noteLeader({ context, event }: Arguments): void {
  if ('from' in event) context.ground.leader = nodeOf(event.from);
}
