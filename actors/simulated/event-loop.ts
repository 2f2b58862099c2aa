import { setImmediate as nextEventLoopTurn } from 'node:timers/promises';
import { BadSimulationError, SimulationLimitError, SimulationStuckError } from './errors.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** After so many events the real event loop has a turn, so that Ctrl-C and a test's time-out still work. */
const EVENTS_BETWEEN_LOOP_TURNS = 10_000;

/** Lets the events of a virtual clock happen, one after the other, and client code go on between them. */
export class EventLoop {
  readonly #clock: VirtualClock;
  #loading: Promise<unknown> = Promise.resolve();
  #loadsWaiting = 0;
  #hasReachedClients = false;
  #eventsSinceLoopTurn = 0;
  #isRunning = false;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  /** The event under way has called code that may go on with a promise. */
  reachClients(): void {
    this.#hasReachedClients = true;
  }

  /** Work in real time, as of loading programs: one after the other, so that how long it takes decides nothing. */
  async load(work: () => Promise<void>): Promise<void> {
    this.#loadsWaiting += 1;
    const done = this.#loading.then(work);
    this.#loading = done
      .catch(() => {})
      .finally(() => {
        this.#loadsWaiting -= 1;
      });
    await done;
  }

  /** Resolves when all is loaded. */
  async loaded(): Promise<void> {
    await this.#loading;
  }

  /** Lets the next event happen, and client code go on. False when nothing is scheduled. */
  async step(): Promise<boolean> {
    return this.#exclusively(async () => {
      await this.#settle();
      const happened = this.#clock.step();
      await this.#settle();
      return happened;
    });
  }

  /** Lets virtual time pass until `untilMs`, events at that moment included. */
  async run(untilMs: number): Promise<void> {
    await this.#exclusively(async () => {
      await this.#settle();
      for (;;) {
        const { nextMs } = this.#clock;
        if (nextMs === undefined || nextMs > untilMs) break;
        this.#clock.step();
        if (this.#mustSettle()) await this.#settle();
      }
      this.#clock.skipTo(untilMs);
    });
  }

  /**
   * Lets events happen until `condition` holds; it is asked after each.
   * @throws SimulationLimitError when it does not hold within `limitMs` of virtual time from now.
   * @throws SimulationStuckError when nothing is scheduled any more.
   */
  async runUntil(condition: () => boolean, limitMs: number): Promise<void> {
    await this.#exclusively(async () => {
      const untilMs = this.#clock.now() + limitMs;
      await this.#settle();
      while (!condition()) {
        const { nextMs } = this.#clock;
        if (nextMs === undefined) {
          throw new SimulationStuckError(
            this.#clock.now(),
            'nothing is scheduled, and what it waits for has not come',
          );
        }
        if (nextMs > untilMs) {
          this.#clock.skipTo(untilMs);
          throw new SimulationLimitError(limitMs, this.#clock.now());
        }
        this.#clock.step();
        if (this.#mustSettle()) await this.#settle();
      }
    });
  }

  /** Whether, after an event, promises may go on. */
  #mustSettle(): boolean {
    this.#eventsSinceLoopTurn += 1;
    return (
      this.#hasReachedClients ||
      this.#loadsWaiting > 0 ||
      this.#eventsSinceLoopTurn >= EVENTS_BETWEEN_LOOP_TURNS
    );
  }

  /** Until every promise that can go on without an event has gone on, and every program that loads has loaded. */
  async #settle(): Promise<void> {
    if (this.#eventsSinceLoopTurn >= EVENTS_BETWEEN_LOOP_TURNS) {
      this.#eventsSinceLoopTurn = 0;
      await nextEventLoopTurn();
    }
    this.#hasReachedClients = false;
    await promiseJobs();
    while (this.#loadsWaiting > 0) {
      await this.#loading;
      await promiseJobs();
    }
  }

  async #exclusively<Result>(run: () => Promise<Result>): Promise<Result> {
    if (this.#isRunning) {
      throw new BadSimulationError(
        'two callers let the same simulation run',
        'await the first before the second',
      );
    }
    this.#isRunning = true;
    try {
      return await run();
    } finally {
      this.#isRunning = false;
    }
  }
}

/** Resolves when the queue of promise jobs is empty: Node runs its ticks only then. */
function promiseJobs(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
