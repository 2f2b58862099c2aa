import { assertEvent } from 'xstate';
import { nodeOf } from '../../actors/address.ts';
import { type Effect, persist, send } from '../../actors/effects.ts';
import { membersOf } from './configuration.ts';
import { configurationOf } from './log.ts';
import { latestOf, nextLifeOf, nodeOfMember } from './member.ts';
import type { Forgot, Welcome } from './messages.ts';
import { memberRecord } from './records.ts';
import type { Arguments, OnlyContext } from './server-context.ts';

/**
 * A server that has lost its memory has forgotten its votes and what it said was durable: to vote or to be counted
 * again could undo both. To the others it is a server that has died for good; its node is taken in as a new member, in
 * its place, by a change of configuration (thesis, chapter 4), which takes a majority that remembers.
 */
export const actions = {
  /** Only a leader takes anybody in. */
  askWelcome({ context, event }: Arguments): Effect {
    return send<Forgot>(event.from, { type: 'forgot', nonce: context.nonce });
  },

  becomeMember({ context, event }: Arguments): Effect {
    assertEvent(event, 'welcome');
    context.member = event.member;
    context.isForgetful = false;
    return persist(memberRecord(event.member));
  },

  /** The member that it was goes; the one that it is to be comes in its place. */
  replaceForgetful({ context, event }: Arguments): Effect[] {
    assertEvent(event, 'forgot');
    const { welcomes, term } = context;
    const node = nodeOf(event.from);
    const all = membersOf(configurationOf(context.log));
    const now = latestOf(all, node);
    if (now === undefined) return [];
    const known = welcomes.get(node);
    const isKnown = known?.nonce === event.nonce;
    if (isKnown && all.includes(known.member)) {
      return [send<Welcome>(event.from, { type: 'welcome', term, nonce: event.nonce, member: known.member })];
    }
    // Never the name that another memory was given, though it be gone from the configuration.
    const member = isKnown ? known.member : nextLifeOf(latestOf([now, known?.member ?? now], node) ?? now);
    welcomes.set(node, { nonce: event.nonce, member });
    const { voters, nextVoters } = configurationOf(context.log);
    const goal = context.goal ?? (nextVoters.length > 0 ? nextVoters : voters);
    context.goal = goal.map((other) => (nodeOfMember(other) === node ? member : other));
    return [];
  },
};

export const guards = {
  isForgetful: ({ context }: OnlyContext) => context.isForgetful,
  isThisMemory: ({ context, event }: Arguments) => event.type === 'welcome' && event.nonce === context.nonce,
  /** The leader takes this server for one that it has been, and is no more. */
  isForAnother: ({ context, event }: Arguments) =>
    event.type === 'heartbeat' && (event.to ?? context.node) !== context.member,
};
