import { setup } from 'xstate';
import { addressOf } from '../../actors/address.ts';
import { writeBehind } from '../replication/replica-states.ts';
import { checks } from './client-checks.ts';
import type { Ground } from './follower-context.ts';
import type { OnlyContext, ParticipantContext, ParticipantEvent } from './participant-context.ts';
import * as groups from './participant-groups.ts';
import * as reads from './participant-reads.ts';
import * as upkeep from './participant-upkeep.ts';

export interface ParticipantInput {
  readonly ground: Ground;
}

/**
 * A follower's standing part: it has the store, starts an actor for each group that it is asked about, answers for those
 * that have none any more, and answers reads.
 */
export const participant = setup({
  types: {} as { context: ParticipantContext; events: ParticipantEvent; input: ParticipantInput },
  guards: {
    ...groups.guards,
    ...upkeep.guards,
    ...checks,
    isReadOnly: ({ event }) => event.type === 'VOTE-REQ' && event.readOnly === true,
    isNoMember: ({ context: { ground } }: OnlyContext) => ground.membership.state !== 'member',
  },
  actions: { ...groups.actions, ...reads.actions, ...upkeep.actions },
  delays: {
    writeBehindMs: ({ context: { ground } }: OnlyContext) => ground.settings.writeBehindMs,
    tidyMs: ({ context: { ground } }: OnlyContext) => ground.settings.tidyMs,
    decisionTimeoutMs: ({ context: { ground } }: OnlyContext) => ground.settings.decisionTimeoutMs,
  },
}).createMachine({
  id: 'participant',
  type: 'parallel',
  context: ({ input: { ground } }) => ({
    ground,
    self: addressOf(ground.node, 'participant'),
    groups: new Map(),
    kept: new Map(),
    written: [],
    flushing: [],
    reads: new Map(),
    lastTicket: 0,
  }),
  entry: 'recover',
  states: {
    /** What is committed reaches the disk behind the acknowledgements: the journal holds it until then. */
    writeBehind,
    /** The journal holds nothing that nobody needs. */
    journal: {
      initial: 'tidy',
      states: {
        tidy: { always: { guard: 'isUntidy', target: 'untidy' } },
        untidy: {
          after: {
            tidyMs: [{ guard: 'isUntidy', target: 'tidy', actions: 'tidy' }, { target: 'tidy' }],
          },
        },
      },
    },
    /** Decisions are kept until the leader says that all have ended; it says so by itself, but may not be heard. */
    decisions: {
      initial: 'none',
      states: {
        none: { always: { guard: 'keepsDecisions', target: 'kept' } },
        kept: {
          after: {
            decisionTimeoutMs: [
              { guard: 'keepsDecisions', target: 'kept', reenter: true, actions: 'askEnd' },
              { target: 'none' },
            ],
          },
        },
      },
    },
  },
  on: {
    'VOTE-REQ': [
      { guard: 'isNoMember' },
      { guard: 'isReadOnly', actions: 'validate' },
      { guard: 'isEnded' },
      { guard: 'isOpen', actions: ['noteMark', 'handOn'] },
      { guard: 'isDecided', actions: ['noteMark', 'voteAgain'] },
      { actions: ['noteMark', 'startFollower'] },
    ],
    COMMIT: [
      { guard: 'isNoMember' },
      { guard: 'isOpen', actions: ['handOn', 'noteMark'] },
      { actions: ['noteDecision', 'noteMark'] },
    ],
    ABORT: [
      { guard: 'isNoMember' },
      { guard: 'isOpen', actions: ['handOn', 'noteMark'] },
      { actions: ['noteDecision', 'noteMark'] },
    ],
    END: [
      { guard: 'isNoMember' },
      { guard: 'isOpen', actions: ['handOn', 'noteMark'] },
      { actions: 'noteMark' },
    ],
    'DECISION-REQ': [{ guard: 'isNoMember', actions: 'admitIgnorance' }, { actions: 'answerDecisionReq' }],
    fetch: [{ guard: 'isNoMember' }, { actions: 'sendRecords' }],
    done: { actions: 'noteDone' },
    granted: { actions: 'answerGranted' },
    // It looks whether the store is dirty.
    taught: {},
    read: [
      { guard: 'isNoMember', actions: 'beUnavailable' },
      { guard: 'isRead', actions: 'read' },
    ],
    scan: { guard: 'isScan', actions: 'showPage' },
    status: { actions: 'report' },
    journal: { guard: 'isJournalRequest', actions: 'showJournal' },
    voteNo: { actions: 'obey' },
    delayVote: { guard: 'isDelay', actions: 'obey' },
  },
});
