import { assign, setup } from 'xstate';
import { type Address, addressOf } from '../../../actors/address.ts';
import { persist, send } from '../../../actors/effects.ts';
import type { Received } from '../../../actors/envelope.ts';
import type { Memory } from '../../../actors/memory.ts';
import type { LoadProgram } from '../../../actors/program.ts';

/** What the program is started with. */
export interface PingOptions {
  readonly peers: readonly string[];
  /** Between two pings. */
  readonly intervalMs: number;
  /** A node that throws at its first ping. */
  readonly broken?: string;
  /** A node whose program does not load. */
  readonly unloadable?: string;
  /** A node whose role throws when it starts. */
  readonly unstartable?: string;
}

interface Context extends PingOptions {
  readonly node: string;
  readonly draw: () => number;
  /** How many records its journal has. */
  readonly readBack: () => number;
  readonly memory: Memory;
  readonly startedMs: number;
  /** Pings sent in this life, numbered from 1. */
  readonly sent: number;
  /** The numbers of the pongs, in their order. */
  readonly pongs: number[];
  /** Pings that are on disk. */
  readonly logged: number;
}

type PingEvent =
  | Received<{ readonly type: 'ping'; readonly number: number }>
  | Received<{ readonly type: 'pong'; readonly number: number }>
  | Received<{ readonly type: 'ask' }>
  | Received<{ readonly type: 'readBack' }>;

const fromOf = (event: PingEvent): Address => event.from;

/** Pings its peers at an interval; logs a ping before it answers; tells a client what it has seen. */
const pinger = setup({
  types: {} as { context: Context; events: PingEvent; input: Context },
  delays: { intervalMs: ({ context }) => context.intervalMs },
  actions: {
    checkStart: ({ context }) => {
      if (context.unstartable === context.node) throw new Error('cannot start');
    },
    ping: ({ context }) =>
      context.peers
        .filter((peer) => peer !== context.node)
        .map((peer) =>
          send(addressOf(peer, 'pinger'), { type: 'ping', number: context.sent, noise: context.draw() }),
        ),
    pong: ({ context, event }) => {
      if (event.type !== 'ping') return undefined;
      if (context.broken === context.node) throw new Error('broken invariant');
      return [
        persist({ key: ['ping', context.logged], value: new Uint8Array(8) }),
        send(fromOf(event), { type: 'pong', number: event.number }),
      ];
    },
    count: ({ context, event }) => {
      // In place: a copy for each pong would be most of what a long run does.
      if (event.type === 'pong') context.pongs.push(event.number);
    },
    answer: ({ context, event }) => {
      const { sent, pongs, logged, memory, startedMs } = context;
      return send(fromOf(event), { type: 'answer', sent, pongs, logged, memory, startedMs });
    },
    readBack: ({ context, event }) => send(fromOf(event), { type: 'answer', found: context.readBack() }),
  },
}).createMachine({
  id: 'pinger',
  context: ({ input }) => input,
  initial: 'waiting',
  entry: 'checkStart',
  on: {
    ping: { actions: [assign({ logged: ({ context }) => context.logged + 1 }), 'pong'] },
    pong: { actions: 'count' },
    ask: { actions: 'answer' },
    readBack: { actions: 'readBack' },
  },
  states: {
    waiting: {
      after: {
        intervalMs: {
          target: 'waiting',
          reenter: true,
          actions: [assign({ sent: ({ context }) => context.sent + 1 }), 'ping'],
        },
      },
    },
  },
});

export const program: LoadProgram = ({ node, memory, journal, random, clock }, options) => {
  const settings = options as PingOptions;
  if (settings.unloadable === node) throw new Error('cannot load');
  const readBack = () => [...journal.range(['ping'])].length;
  const logged = readBack();
  const input: Context = {
    ...settings,
    node,
    sent: 0,
    pongs: [],
    logged,
    memory,
    startedMs: clock.now(),
    readBack,
    draw: () => random.integer(0, 1e9),
  };
  return { roles: { pinger }, start: [{ role: 'pinger', input }] };
};
