import { setup } from 'xstate';
import { nodeOf } from '../../actors/address.ts';
import * as actions from './follower-actions.ts';
import type {
  Arguments,
  FollowerContext,
  FollowerEvent,
  FollowerInput,
  FollowerOutcome,
  OnlyContext,
} from './follower-context.ts';
import { presumed } from './presumption.ts';
import { retryAfterMs } from './retry.ts';

/**
 * A follower's part in one group (Bernstein, Hadzilacos and Goodman, section 7.4: the participant, with cooperative
 * termination). Until it has voted it may abort by itself; once it has voted yes it must find out what was decided: from
 * the leader, or from whichever of the others knows.
 */
export const follower = setup({
  types: {} as {
    context: FollowerContext;
    events: FollowerEvent;
    input: FollowerInput;
    output: FollowerOutcome;
  },
  guards: {
    hasVoted: ({ context: { group } }: OnlyContext) => group.vote !== undefined,
    hasKeys: ({ context: { group } }: OnlyContext) => group.holder.missing === 0,
    isHeldBack: ({ context }: OnlyContext) => context.delayMs !== undefined,
    refusesAll: ({ context: { group } }: OnlyContext) => group.vote?.length === group.count,
    isLeader: ({ context, event }: Arguments) => nodeOf(event.from) === context.ground.leader,
    presumesCommit: ({ context }: OnlyContext) => presumed(context.ground.settings.presume)?.commits === true,
    presumesAbort: ({ context }: OnlyContext) => presumed(context.ground.settings.presume)?.commits === false,
  },
  actions: { ...actions },
  delays: {
    delayMs: ({ context }: OnlyContext) => context.delayMs ?? 0,
    decisionTimeoutMs: ({ context }: OnlyContext) => context.ground.settings.decisionTimeoutMs,
    askAgainMs: ({ context: { group, ground } }: OnlyContext) => retryAfterMs(group.rounds, ground.settings),
  },
}).createMachine({
  id: 'follower',
  context: ({ input }) => ({
    ...input,
    votesNo: input.ground.orders.votesNo,
    delayMs: input.ground.orders.delayMs,
    decision: undefined,
  }),
  initial: 'starting',
  states: {
    starting: {
      entry: 'lock',
      always: [{ guard: 'hasVoted', target: 'ready.inquiring' }, { target: 'init' }],
    },
    /** It has not voted. */
    init: {
      entry: 'takeOrders',
      initial: 'waiting',
      states: {
        /** For keys that an earlier group has here: its decision is made, or this one had not been begun. */
        waiting: {
          always: [{ guard: 'hasKeys', target: 'due' }],
          on: { granted: 'due' },
        },
        due: { always: [{ guard: 'isHeldBack', target: 'heldBack' }, { target: 'voting' }] },
        heldBack: { after: { delayMs: 'voting' } },
        voting: {
          entry: 'vote',
          always: [
            {
              guard: 'refusesAll',
              target: '#follower.aborted',
              actions: ['noteAbort', 'recordAbort', 'sayNo'],
            },
            { target: '#follower.ready', actions: ['recordReady', 'sayYes'] },
          ],
        },
      },
      on: {
        // Asked again before it could vote: it will.
        'VOTE-REQ': {},
        ABORT: { target: 'aborted', actions: ['noteAbort', 'recordAbort', 'acknowledge'] },
        // Whoever asks may rest on the answer: this follower will never vote yes.
        asked: { target: 'aborted', actions: ['noteAbort', 'promiseAbort', 'answer', 'sayNo'] },
        END: 'forgotten',
      },
    },
    /** It has voted yes, and cannot go back. */
    ready: {
      initial: 'expecting',
      states: {
        expecting: { after: { decisionTimeoutMs: 'inquiring' } },
        inquiring: {
          initial: 'asking',
          states: { asking: { entry: 'ask', after: { askAgainMs: { target: 'asking', reenter: true } } } },
        },
      },
      on: {
        'VOTE-REQ': { actions: 'sayYes' },
        COMMIT: { target: 'committed', actions: ['noteCommit', 'recordCommit', 'acknowledge'] },
        ABORT: { target: 'aborted', actions: ['noteAbort', 'recordAbort', 'acknowledge'] },
        asked: { actions: 'admitUncertainty' },
        UNCERTAIN: [
          // It is there, and will decide: the others need not be troubled, who may not have voted yet.
          { guard: 'isLeader', target: '.expecting', actions: 'trustLeader' },
          {},
        ],
        END: [
          { guard: 'presumesCommit', target: 'committed', actions: ['notePresumed', 'recordCommit'] },
          { guard: 'presumesAbort', target: 'aborted', actions: ['notePresumed', 'recordAbort'] },
          // It has asked for what it has acknowledged: a vote request came late, for the second time.
          { target: 'forgotten', actions: 'forget' },
        ],
      },
    },
    committed: { type: 'final', entry: ['apply', 'release'] },
    aborted: { type: 'final', entry: 'release' },
    forgotten: { type: 'final', entry: 'release' },
  },
  output: ({ context: { group, decision } }) => ({
    group: group.id,
    decision,
    vote: group.vote,
    hasWritten: decision?.commits === true && group.contents.some(({ writes }) => writes.length > 0),
  }),
});
