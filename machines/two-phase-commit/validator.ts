import { assertEvent, setup } from 'xstate';
import { addressOf } from '../../actors/address.ts';
import { type Effect, send } from '../../actors/effects.ts';
import type { Received } from '../../actors/envelope.ts';
import type { AbortReason, Outcome } from './client-messages.ts';
import type { ValidatorMessage, VoteReq } from './messages.ts';
import type { OpenGroups } from './open-groups.ts';
import { outcomeOf, tellClients } from './outcomes.ts';
import { ABORTED, type Decision } from './presumption.ts';
import type { RequestedTransaction } from './requests.ts';
import { retryAfterMs } from './retry.ts';
import type { TwoPhaseCommitSettings } from './settings.ts';
import { NO_VERSION } from './transaction-id.ts';
import { noteRefusals } from './votes.ts';

export interface ValidatorInput {
  /** The number of the question, in all lives: an answer to another one must not be taken for one to this. */
  readonly number: number;
  readonly settings: TwoPhaseCommitSettings;
  readonly groups: OpenGroups;
  /** All of them, the one that is to be asked first in front. */
  readonly followers: readonly string[];
  readonly members: readonly RequestedTransaction[];
  readonly transactions: Uint8Array;
}

interface ValidatorContext extends ValidatorInput {
  readonly reasons: Map<number, AbortReason>;
  decision: Decision;
  attempts: number;
}

/** How it ended, for each transaction at its place. */
export interface Validation {
  readonly number: number;
  readonly outcomes: readonly Outcome[];
}

type ValidatorEvent = Received<ValidatorMessage>;
interface Arguments {
  readonly context: ValidatorContext;
  readonly event: ValidatorEvent;
}
type OnlyContext = Pick<Arguments, 'context'>;

/** They agree, but for those that are refused with a reason. */
const VALID: Decision = { commits: true, refused: [] };

/**
 * Has transactions validated that write nothing: by one follower, for each holds the whole store, and without a second
 * phase (R*'s read votes). What a follower finds at a moment when none of the keys is locked there is what was committed
 * at that moment: whatever is decided it has voted on before, so that it has applied it, or holds the lock.
 */
export const validator = setup({
  types: {} as {
    context: ValidatorContext;
    events: ValidatorEvent;
    input: ValidatorInput;
    output: Validation;
  },
  actions: { askNext, noteVote, tell },
  delays: {
    voteTimeoutMs: ({ context }: OnlyContext) => context.settings.voteTimeoutMs,
    retryMs: ({ context: { attempts, settings } }: OnlyContext) => retryAfterMs(attempts, settings),
  },
}).createMachine({
  id: 'validator',
  context: ({ input }) => ({ ...input, reasons: new Map(), decision: ABORTED, attempts: 0 }),
  initial: 'asking',
  states: {
    asking: {
      initial: 'asked',
      states: {
        asked: { entry: 'askNext', after: { retryMs: { target: 'asked', reenter: true } } },
      },
      on: { 'VOTE-READ': { target: 'validated', actions: 'noteVote' } },
      after: { voteTimeoutMs: 'givenUp' },
    },
    validated: { type: 'final', entry: 'tell' },
    givenUp: { type: 'final', entry: 'tell' },
  },
  output: ({ context }) => ({ number: context.number, outcomes: outcomesOf(context) }),
});

/** Each in turn: one may be dead, or hold the keys for a decision that does not come. */
function askNext({ context }: OnlyContext): Effect[] {
  const { followers, number, transactions, groups } = context;
  const node = followers[context.attempts % followers.length]!;
  context.attempts += 1;
  const message: VoteReq = {
    type: 'VOTE-REQ',
    group: number,
    participants: [node],
    transactions,
    mark: groups.mark,
    readOnly: true,
  };
  return [send(addressOf(node, 'participant'), message)];
}

function noteVote({ context, event }: Arguments): void {
  assertEvent(event, 'VOTE-READ');
  noteRefusals(context.reasons, event.refused);
  context.decision = VALID;
}

function tell({ context }: OnlyContext): Effect[] {
  const outcomes = outcomesOf(context);
  return tellClients(context.members, (place) => outcomes[place]!);
}

function outcomesOf({ members, decision, reasons }: ValidatorContext): Outcome[] {
  return members.map((member, place) => outcomeOf(member, NO_VERSION, place, decision, reasons));
}
