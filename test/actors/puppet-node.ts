import { assign, setup } from 'xstate';
import type { Address } from '../../actors/address.ts';
import { FRAME_BYTES_MAX, packFrame, unpackFrame } from '../../actors/codec.ts';
import { type Effect, persist, send } from '../../actors/effects.ts';
import type { Message } from '../../actors/envelope.ts';
import type { InspectionEvent } from '../../actors/inspection.ts';
import type { JournalWrite } from '../../actors/journal.ts';
import { MemoryJournal } from '../../actors/memory-journal.ts';
import { Node, type NodeSettings } from '../../actors/node.ts';
import { seededRandom } from '../../actors/random.ts';
import { VirtualClock } from '../../actors/simulated/virtual-clock.ts';
import type { World } from '../../actors/world.ts';

type PuppetEvent =
  | { readonly type: 'do'; readonly effects: readonly Effect[] }
  | { readonly type: 'do and hear'; readonly effects: readonly Effect[] }
  | { readonly type: 'boast' }
  | { readonly type: 'fail' }
  | { readonly type: 'finish'; readonly output: unknown }
  | { readonly type: 'wait' }
  | { readonly type: 'wake' };

/** One record, told apart by its number. */
export const record = (number: number) =>
  persist({ key: ['record', number], value: new Uint8Array([number]) });

/** Does what it is told, and notes what it hears. */
const puppetWith = (heard: Message[], watched: object) =>
  setup({
    types: {} as {
      context: {
        readonly first: readonly Effect[];
        readonly output: unknown;
        readonly delayMs: number;
        readonly watched: object;
      };
      events: PuppetEvent;
      input: { readonly first?: readonly Effect[]; readonly delayMs?: number } | undefined;
    },
    delays: { napMs: ({ context }) => context.delayMs },
    actions: {
      begin: ({ context }) => context.first,
      obey: ({ event }) => ('effects' in event ? event.effects : undefined),
      hear: ({ event }) => void heard.push(event),
      rest: () => void heard.push({ type: 'rested' }),
      boast: () => send('b/puppet', { type: 'large', blob: new Uint8Array(FRAME_BYTES_MAX) } as Message),
      fail: () => {
        throw new Error('the invariant is broken');
      },
    },
  }).createMachine({
    id: 'puppet',
    context: ({ input }) => ({
      first: input?.first ?? [],
      output: undefined,
      delayMs: input?.delayMs ?? 50,
      watched,
    }),
    entry: 'begin',
    initial: 'ready',
    on: {
      do: { actions: 'obey' },
      'do and hear': { actions: ['obey', 'hear'] },
      boast: { actions: 'boast' },
      fail: { actions: 'fail' },
      finish: { target: '.finished', actions: assign({ output: ({ event }) => event.output }) },
      wait: { target: '.napping' },
      '*': { actions: 'hear' },
    },
    states: {
      ready: {},
      napping: { after: { napMs: { target: 'ready', actions: 'rest' } }, on: { wake: 'ready' } },
      finished: { type: 'final' },
    },
    output: ({ context }) => context.output,
  });

/** A node `n` with an actor `n/puppet`, in a world where nothing happens unless the test says so. */
export function puppetNode(settings: Partial<NodeSettings> = {}) {
  const clock = new VirtualClock();
  const turns: (() => void)[] = [];
  const commits: { readonly writes: readonly JournalWrite[]; readonly durable: () => void }[] = [];
  const frames: { readonly to: string; readonly messages: readonly string[] }[] = [];
  const failures: unknown[] = [];
  const warnings: Error[] = [];
  const heard: Message[] = [];
  const memory = new MemoryJournal();
  const listener: { inspect: ((event: InspectionEvent) => void) | undefined } = { inspect: undefined };
  const world: World = {
    clock,
    random: seededRandom(1),
    journal: {
      get: (key) => memory.get(key),
      range: (prefix, from) => memory.range(prefix, from),
      snapshot: () => memory.snapshot(),
      flushes: 0,
      // Held back until the test calls `durable`.
      commit: (writes, durable) => void commits.push({ writes, durable }),
    },
    get store() {
      return this.journal;
    },
    requestTurn: (turn) => void turns.push(turn),
    send: (to, frame) => {
      frames.push({ to, messages: unpackFrame(frame).map(({ message }) => message.type) });
    },
    failed: (error) => void failures.push(error),
    warn: (error) => void warnings.push(error),
    get inspect() {
      return listener.inspect;
    },
  };
  const node = new Node('n', world, settings);
  let looks = 0;
  const watched = Object.defineProperty({}, 'value', {
    enumerable: true,
    get: () => {
      looks += 1;
      return looks;
    },
  });
  const puppet = puppetWith(heard, watched);
  node.load({ roles: { puppet }, start: [{ role: 'puppet', input: undefined }] });
  node.begin();

  const receive = (message: Message, to: Address = 'n/puppet', from: Address = 'peer/puppet') =>
    node.receive(packFrame([{ to, from, message }]), from.slice(0, from.indexOf('/')));
  const runTurns = () => {
    for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) turn();
  };
  return {
    node,
    clock,
    commits,
    failures,
    warnings,
    heard,
    receive,
    runTurns,
    /** Turns that are asked for. */
    turns,
    listener,
    /** How often someone has looked into what the puppet knows. */
    looks: () => looks,
    /** A frame arrives that tells the puppet what to do; it does it when turns run. */
    tell: (...effects: readonly Effect[]) => receive({ type: 'do', effects } as Message),
    /** The same, in a turn of its own. */
    turn: (...effects: readonly Effect[]) => {
      receive({ type: 'do', effects } as Message);
      runTurns();
    },
    /** The flush of the n-th transaction ends. */
    flush: (index: number) => {
      commits[index]!.durable();
      runTurns();
    },
    /** What has left since the last call, a frame each: its destination and its messages. */
    left: () => frames.splice(0).map(({ to, messages }) => `${to}: ${messages.join(' ')}`),
    /** Virtual time passes. */
    pass: (ms: number) => {
      const untilMs = clock.now() + ms;
      for (;;) {
        const { nextMs } = clock;
        if (nextMs === undefined || nextMs > untilMs) break;
        clock.step();
        runTurns();
      }
      clock.skipTo(untilMs);
    },
  };
}
