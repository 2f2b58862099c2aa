import { assertEvent, assign, fromPromise, setup } from 'xstate';

/** Times of a watchdog. */
export interface WatchdogSettings {
  /** A server that died by itself is started again after this; each time after that, twice as long. */
  readonly backOffMsMin: number;
  readonly backOffMsMax: number;
  /** A server that has run for this long is well: the next back-off is the shortest again. */
  readonly steadyMs: number;
}

export const WATCHDOG_DEFAULTS: WatchdogSettings = { backOffMsMin: 50, backOffMsMax: 5000, steadyMs: 10_000 };

/** What a watchdog tells the master. */
export type WatchdogReport =
  /** It runs. */
  | { readonly type: 'running'; readonly server: number }
  /** It died by itself, or could not be started or stopped: it is tried again in so long. */
  | { readonly type: 'failed'; readonly server: number; readonly error: unknown; readonly againMs: number }
  /** It has stopped, because it was told to. */
  | { readonly type: 'stopped'; readonly server: number };

export interface WatchdogInput {
  readonly server: number;
  /** Starts the server; resolves when it runs. Rejects when it cannot. */
  readonly startServer: (server: number) => Promise<void>;
  /** Ends it, whatever it does, also while it starts; resolves when it has ended. At once when it does not run. */
  readonly stopServer: (server: number) => Promise<void>;
  readonly tell: (report: WatchdogReport) => void;
  readonly settings?: Partial<WatchdogSettings>;
}

export type WatchdogEvent =
  /** The master wants it to run; */
  | { readonly type: 'start' }
  /** or not to: it has stopped when the watchdog is in state `stopped` again. */
  | { readonly type: 'stop' }
  /** It has ended, and nobody had told it to. */
  | { readonly type: 'ended'; readonly error: unknown };

interface WatchdogContext extends Omit<WatchdogInput, 'settings'> {
  readonly settings: WatchdogSettings;
  /** How long it waits before it tries again. */
  readonly backOffMs: number;
  /** Told to start while it stops. */
  readonly isWanted: boolean;
  /** Why it waits. */
  readonly error: unknown;
}
type OnlyContext = { readonly context: WatchdogContext };

type Serve = Pick<WatchdogInput, 'server'> & { readonly serve: (server: number) => Promise<void> };
const serving = fromPromise<void, Serve>(({ input }) => input.serve(input.server));

/**
 * Guards one server, from outside: it lives beside the host, for it must outlive the server's thread.
 *
 * ```
 *  stopped ──start──▶ starting ──────▶ running
 *     ▲                  ▲ │ fails        │ ends by itself
 *     │                  │ ▼              │
 *     │                 waiting ◀─────────┘          stop, from anywhere
 *     └────────────────────────────── stopping ◀──────────────────────────
 * ```
 */
export const watchdog = setup({
  types: {} as { context: WatchdogContext; events: WatchdogEvent; input: WatchdogInput },
  actors: { serving },
  actions: {
    tellRunning: ({ context: { server, tell } }) => tell({ type: 'running', server }),
    tellStopped: ({ context: { server, tell } }) => tell({ type: 'stopped', server }),
    tellFailed: ({ context: { server, tell, error, backOffMs } }) =>
      tell({ type: 'failed', server, error, againMs: backOffMs }),
    noteEnd: assign(({ event }) => {
      assertEvent(event, 'ended');
      return { error: event.error };
    }),
    backOff: assign({
      backOffMs: ({ context: { backOffMs, settings } }) => Math.min(2 * backOffMs, settings.backOffMsMax),
    }),
    forgetFailures: assign({ backOffMs: ({ context }) => context.settings.backOffMsMin }),
    want: assign({ isWanted: true }),
    renounce: assign({ isWanted: false }),
  },
  guards: { isWanted: ({ context }: OnlyContext) => context.isWanted },
  delays: {
    backOffMs: ({ context }: OnlyContext) => context.backOffMs,
    steadyMs: ({ context }: OnlyContext) => context.settings.steadyMs,
  },
}).createMachine({
  id: 'watchdog',
  context: ({ input: { settings: changed, ...input } }) => {
    const settings = { ...WATCHDOG_DEFAULTS, ...changed };
    return { ...input, settings, backOffMs: settings.backOffMsMin, isWanted: false, error: undefined };
  },
  initial: 'stopped',
  states: {
    stopped: {
      entry: 'forgetFailures',
      on: { start: 'starting' },
    },
    starting: {
      invoke: {
        src: 'serving',
        input: ({ context: { server, startServer } }) => ({ server, serve: startServer }),
        onDone: 'running',
        onError: { target: 'waiting', actions: assign({ error: ({ event }) => event.error }) },
      },
      on: { stop: 'stopping' },
    },
    running: {
      entry: 'tellRunning',
      after: { steadyMs: { actions: 'forgetFailures' } },
      on: { ended: { target: 'waiting', actions: 'noteEnd' }, stop: 'stopping' },
    },
    waiting: {
      entry: 'tellFailed',
      after: { backOffMs: { target: 'starting', actions: 'backOff' } },
      // What is left of the server, if anything, ends too.
      on: { stop: 'stopping', start: 'starting' },
    },
    stopping: {
      entry: 'renounce',
      initial: 'asking',
      states: {
        asking: {
          invoke: {
            src: 'serving',
            input: ({ context: { server, stopServer } }) => ({ server, serve: stopServer }),
            onDone: [
              { guard: 'isWanted', target: '#watchdog.starting', actions: ['tellStopped', 'forgetFailures'] },
              { target: '#watchdog.stopped', actions: 'tellStopped' },
            ],
            onError: { target: 'failed', actions: assign({ error: ({ event }) => event.error }) },
          },
        },
        failed: {
          entry: 'tellFailed',
          after: { backOffMs: { target: 'asking', actions: 'backOff' } },
        },
      },
      on: { start: { actions: 'want' }, stop: { actions: 'renounce' } },
    },
  },
});
