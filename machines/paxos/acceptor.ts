import { assertEvent, setup } from 'xstate';
import { addressOf } from '../../actors/address.ts';
import { type Effect, persist, send, sendEarly } from '../../actors/effects.ts';
import { bytesOf } from '../replication/batch.ts';
import type { AcceptorContext, AcceptorEvent, AcceptorInput, Arguments } from './acceptor-context.ts';
import * as memory from './acceptor-memory.ts';
import { ACCEPTED_SLOTS_MAX, acceptedRecord, floorRecords, promiseRecord } from './acceptor-records.ts';
import { compareBallots, LOWEST_BALLOT } from './ballot.ts';
import type { Accepted, P1b, P2b, ReadAck } from './messages.ts';
import type { Pvalue } from './pvalue.ts';
import { NO_VOICES } from './voices.ts';

/**
 * The memory of Multi-Paxos (PMMC, figure 4). It promises ever higher ballots and accepts pvalues of the ballot
 * that it has promised. Both are on disk before anybody hears of them: a promise or an acceptance that a
 * restart forgot could let two commands be decided for one slot.
 */
export const acceptor = setup({
  types: {} as { context: AcceptorContext; events: AcceptorEvent; input: AcceptorInput },
  guards: {
    ...memory.guards,
    outranks: ({ context, event }: Arguments) =>
      'ballot' in event && compareBallots(event.ballot, context.ballot) > 0,
    mayAccept: ({ context, event }: Arguments) =>
      event.type === 'p2a' && compareBallots(event.ballot, context.ballot) >= 0 && hasRoom(context, event),
    isFull: ({ context, event }: Arguments) =>
      event.type === 'p2a' && compareBallots(event.ballot, context.ballot) >= 0 && !hasRoom(context, event),
  },
  actions: { ...memory.actions, promise, accept, answerP1a, answerP2a, answerReadCheck, collect },
  delays: { retryMs: ({ context }: Pick<Arguments, 'context'>) => context.settings.retryMs },
}).createMachine({
  id: 'acceptor',
  context: ({ input }) => ({
    node: input.node,
    nodes: input.nodes,
    replica: addressOf(input.node, 'replica'),
    settings: input.settings,
    ballot: input.records.ballot,
    accepted: new Map(input.records.accepted.map((pvalue) => [pvalue.slot, pvalue])),
    acceptedBytes: input.records.accepted.reduce((bytes, { batch }) => bytes + bytesOf(batch), 0),
    floor: input.records.floor,
    life: input.records.life,
    lives: input.records.lives,
    isForgetful: input.isForgetful,
    nonce: input.nonce,
    helpers: NO_VOICES,
    decided: undefined,
    repaired: 0,
  }),
  initial: 'starting',
  states: {
    starting: {
      always: [
        { guard: 'isForgetful', target: 'forgetful' },
        { guard: ({ context }) => context.ballot.round === LOWEST_BALLOT.round, target: 'uncommitted' },
        { target: 'promised' },
      ],
    },
    /** It has lost its memory: it promises and accepts nothing, and is not counted, until the others have told it. */
    forgetful: {
      initial: 'beginning',
      entry: 'rememberForgetting',
      states: {
        beginning: {
          initial: 'asking',
          states: {
            asking: { entry: 'askLife', after: { retryMs: { target: 'asking', reenter: true } } },
          },
          always: { guard: 'hasHelpers', target: 'recollecting', actions: 'beginLife' },
          on: { knownLife: { guard: 'isForThisLife', actions: 'noteLife' } },
        },
        recollecting: {
          initial: 'asking',
          states: {
            asking: { entry: 'askReadmission', after: { retryMs: { target: 'asking', reenter: true } } },
          },
          always: { guard: 'hasHelpers', target: 'repairing' },
          on: { recollection: { guard: 'isForThisLife', actions: 'recollect' } },
        },
        repairing: {
          initial: 'asking',
          states: {
            asking: { entry: 'askDecided', after: { retryMs: { target: 'asking', reenter: true } } },
          },
          always: { guard: 'isRepaired', target: '#acceptor.promised', actions: 'recover' },
          on: { readConfirmed: { guard: 'isForThisLife', actions: 'noteDecided' } },
        },
      },
      on: { applied: { actions: 'noteRepair' }, collect: { actions: 'noteFloor' }, '*': {} },
    },
    /** It has promised nothing to anybody. */
    uncommitted: {},
    /** It follows a ballot, and has accepted nothing of it yet. */
    promised: {},
    /** It has accepted pvalues of the ballot that it follows. */
    accepting: {},
  },
  on: {
    p1a: [
      { guard: 'outranks', target: '.promised', actions: ['promise', 'answerP1a'] },
      { actions: 'answerP1a' },
    ],
    p2a: [
      { guard: 'mayAccept', target: '.accepting', actions: ['accept', 'answerP2a'] },
      // No answer: the commander asks again, and by then there may be room.
      { guard: 'isFull' },
      { actions: 'answerP2a' },
    ],
    readCheck: { actions: 'answerReadCheck' },
    collect: { actions: 'collect' },
    askLife: { actions: 'tellLife' },
    readmit: { actions: 'readmit' },
  },
});

/** Slots and bytes are bounded; the leader holds back long before an acceptor has to. */
function hasRoom(context: AcceptorContext, { slot }: Pvalue): boolean {
  if (slot < context.floor || context.accepted.has(slot)) return true;
  return (
    slot < context.floor + ACCEPTED_SLOTS_MAX && context.acceptedBytes < context.settings.acceptedBytesMax
  );
}

function promise({ context, event }: Arguments): Effect {
  assertEvent(event, 'p1a');
  context.ballot = event.ballot;
  return persist(promiseRecord(event.ballot));
}

function accept({ context, event }: Arguments): readonly Effect[] {
  assertEvent(event, 'p2a');
  const { ballot, slot, batch } = event;
  const effects: Effect[] = [];
  if (compareBallots(ballot, context.ballot) > 0) {
    context.ballot = ballot;
    effects.push(persist(promiseRecord(ballot)));
  }
  // Below the floor the slot is decided, with this very batch (PMMC, invariant C1): nothing to remember.
  if (slot < context.floor) return effects;
  const before = context.accepted.get(slot);
  // Sent again, and accepted already: the answer may have been lost, the record is not.
  if (before !== undefined && compareBallots(before.ballot, ballot) === 0) return effects;
  const pvalue: Pvalue = { ballot, slot, batch };
  context.acceptedBytes += bytesOf(batch) - (before === undefined ? 0 : bytesOf(before.batch));
  context.accepted.set(slot, pvalue);
  effects.push(persist(acceptedRecord(pvalue)));
  effects.push(send<Accepted>(context.replica, { type: 'accepted', ...pvalue }));
  return effects;
}

function answerP1a({ context, event }: Arguments): Effect {
  assertEvent(event, 'p1a');
  const accepted: Pvalue[] = [];
  // A scout that is outranked has no use for pvalues, of which there may be many megabytes.
  if (compareBallots(context.ballot, event.ballot) === 0) {
    for (const pvalue of context.accepted.values()) if (pvalue.slot >= event.fromSlot) accepted.push(pvalue);
  }
  return send<P1b>(event.from, {
    type: 'p1b',
    ballot: context.ballot,
    accepted,
    floor: context.floor,
    ...memory.testimony(context),
  });
}

function answerP2a({ context, event }: Arguments): Effect {
  assertEvent(event, 'p2a');
  const { ballot } = context;
  const { slot, learner = event.from } = event;
  return send<P2b>(learner, { type: 'p2b', ballot, slot, ...memory.testimony(context) });
}

function answerReadCheck({ context, event }: Arguments): Effect {
  assertEvent(event, 'readCheck');
  const ack: ReadAck = { type: 'readAck', ballot: context.ballot, round: event.round };
  // Early: it says that nothing higher was promised, which rests on no record. A higher ballot does.
  return compareBallots(context.ballot, event.ballot) > 0
    ? send(event.from, ack)
    : sendEarly(event.from, ack);
}

function collect({ context, event }: Arguments): Effect | undefined {
  assertEvent(event, 'collect');
  if (event.floor <= context.floor) return undefined;
  context.floor = event.floor;
  const forgotten: Pvalue[] = [];
  for (const pvalue of context.accepted.values()) if (pvalue.slot < event.floor) forgotten.push(pvalue);
  for (const { slot, batch } of forgotten) {
    context.accepted.delete(slot);
    context.acceptedBytes -= bytesOf(batch);
  }
  return persist(...floorRecords(event.floor, forgotten));
}
