import { assertEvent, assign, setup } from 'xstate';
import { type Address, addressOf, nodeOf, roleOf } from '../../../actors/address.ts';
import { type Effect, send, spawn } from '../../../actors/effects.ts';
import type { Message, Received } from '../../../actors/envelope.ts';
import { CLIENTS } from '../../../actors/host.ts';
import {
  COORDINATOR,
  type CoordinatorStatus,
  type JournalPage,
  type JournalRequest,
  type Page,
  type ParticipantStatus,
  type Scan,
  type StatusRequest,
} from '../../../machines/two-phase-commit/client-messages.ts';
import type {
  AbortGroup,
  Ack,
  CommitGroup,
  VoteRead,
  VoteReq,
  VoteYes,
} from '../../../machines/two-phase-commit/messages.ts';
import type { Behave, Heard, Said, Say } from './puppet-messages.ts';

export interface PuppetInput {
  readonly self: Address;
  /** Who is told what it hears. */
  readonly test: Address;
  readonly leader: string;
  readonly followers: readonly string[];
}

interface PuppetContext extends PuppetInput {
  readonly behavesWell: boolean;
  /** Groups of whose leader it plays the part: what is said to that one it hears, too. */
  readonly led: Set<number>;
}

type PuppetEvent = Received<
  Say | Behave | StatusRequest | JournalRequest | Scan | VoteReq | CommitGroup | AbortGroup | Relayed
>;
/** One of a group's leaders has heard this. */
type Relayed = { readonly type: 'relayed'; readonly source: Address; readonly message: Message };
interface Arguments {
  readonly context: PuppetContext;
  readonly event: PuppetEvent;
}

/**
 * A node that is played by a test: it says what it is told to, and tells what it hears. To those who look it is a node in
 * which nothing is pending.
 */
export const puppet = setup({
  types: {} as { context: PuppetContext; events: PuppetEvent; input: PuppetInput },
  guards: {
    isRelayed: ({ event }: Arguments) => event.type === 'relayed',
    behavesWell: ({ context }: Arguments) => context.behavesWell,
  },
  actions: {
    say({ context, event }: Arguments): Effect[] {
      assertEvent(event, 'say');
      const { to, message, id, from } = event;
      return [...lead(context, message), send(to, message), send<Said>(from, { type: 'said', id })];
    },
    obey: ({ event }: Arguments): Effect => {
      assertEvent(event, 'behave');
      return send<Said>(event.from, { type: 'said', id: event.id });
    },
    tell({ context, event }: Arguments): Effect {
      const { from, ...message } = event;
      return send<Heard>(context.test, { type: 'heard', from, message });
    },
    hand({ context, event }: Arguments): Effect {
      assertEvent(event, 'relayed');
      return send<Heard>(context.test, { type: 'heard', from: event.source, message: event.message });
    },
    vote({ context, event }: Arguments): Effect {
      assertEvent(event, 'VOTE-REQ');
      const { group, from } = event;
      if (event.readOnly === true) return send<VoteRead>(from, { type: 'VOTE-READ', group, refused: [] });
      return send<VoteYes>(leaderOf(context, group), { type: 'VOTE-YES', group, refused: [] });
    },
    acknowledge({ context, event }: Arguments): Effect {
      assertEvent(event, ['COMMIT', 'ABORT']);
      return send<Ack>(leaderOf(context, event.group), { type: 'ACK', group: event.group });
    },
    report({ context, event }: Arguments): Effect {
      assertEvent(event, 'status');
      return send(event.from, statusOf(context, event.id));
    },
    showNothing({ event }: Arguments): Effect {
      assertEvent(event, 'journal');
      return send<JournalPage>(event.from, { type: 'journalPage', id: event.id, records: [], next: null });
    },
    showEmpty({ event }: Arguments): Effect {
      assertEvent(event, 'scan');
      return send<Page>(event.from, { type: 'page', id: event.id, entries: [], next: null });
    },
  },
}).createMachine({
  id: 'puppet',
  context: ({ input }) => ({ ...input, behavesWell: false, led: new Set() }),
  on: {
    say: { actions: 'say' },
    behave: { actions: [assign({ behavesWell: ({ event }) => event.well }), 'obey'] },
    status: { actions: 'report' },
    journal: { actions: 'showNothing' },
    scan: { actions: 'showEmpty' },
    relayed: { actions: 'hand' },
    'VOTE-REQ': [{ guard: 'behavesWell', actions: ['tell', 'vote'] }, { actions: 'tell' }],
    COMMIT: [{ guard: 'behavesWell', actions: ['tell', 'acknowledge'] }, { actions: 'tell' }],
    ABORT: [{ guard: 'behavesWell', actions: ['tell', 'acknowledge'] }, { actions: 'tell' }],
    '*': { actions: 'tell' },
  },
});

export interface RelayInput {
  readonly puppet: Address;
}

/** Stands where followers look for the leader of a group, and hands on what they say. */
export const relay = setup({
  types: {} as { context: RelayInput; events: Received<Message>; input: RelayInput },
  actions: {
    hand: ({ context, event }: { context: RelayInput; event: Received<Message> }): Effect => {
      const { from: source, ...message } = event;
      return send<Relayed>(context.puppet, { type: 'relayed', source, message });
    },
  },
}).createMachine({
  id: 'relay',
  context: ({ input }) => input,
  on: { '*': { actions: 'hand' } },
});

/** Whoever speaks of a group as its leader has one. */
function lead({ self, led }: PuppetContext, message: Message): Effect[] {
  if (roleOf(self) !== COORDINATOR || !('group' in message) || typeof message.group !== 'number') return [];
  if (led.has(message.group)) return [];
  led.add(message.group);
  return [spawn('leader', String(message.group), { puppet: self } satisfies RelayInput)];
}

function leaderOf({ leader }: PuppetContext, group: number): Address {
  return addressOf(leader, 'leader', String(group));
}

function statusOf(
  { self, leader, followers }: PuppetContext,
  id: number,
): CoordinatorStatus | ParticipantStatus {
  const quiet = { id, records: 0, mark: 0, isTidy: true };
  if (nodeOf(self) !== leader)
    return { type: 'participantStatus', ...quiet, isMember: true, undecided: [], isDurable: true, reads: 0 };
  return {
    type: 'coordinatorStatus',
    ...quiet,
    life: 1,
    followers,
    learner: undefined,
    open: [],
    pending: 0,
  };
}

/** The client under which the test of a node's puppet listens. */
export function testOf(node: string): Address {
  return addressOf(CLIENTS, `double-${node}`);
}
