import { createActor } from 'xstate';
import type { Cancel, Clock } from '../../actors/clock.ts';
import { type WatchdogInput, type WatchdogReport, watchdog } from '../../machines/watchdog.ts';
import { ClosedError } from '../errors.ts';

/** What a guard does with its server, and whom it tells. */
export interface GuardInput extends Pick<WatchdogInput, 'server' | 'startServer' | 'stopServer'> {
  readonly clock: Clock;
  /** It runs again, after it had ended by itself. */
  readonly recovered: () => void;
  /** It had ended by itself, and could not be started again; that is tried again. */
  readonly failed: (error: unknown) => void;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Guards one server: a watchdog, and those who wait for what it does. */
export class Guard {
  readonly #watchdog;
  readonly #input: GuardInput;
  #starting: Waiter[] = [];
  #stopping: Waiter[] = [];
  /** It has ended by itself, and is not back. */
  #isMissing = false;
  /** That it ends is being reported right now: whoever noted it knows. */
  #isEnding = false;

  constructor({ clock, ...input }: GuardInput) {
    this.#input = { clock, ...input };
    const { server, startServer, stopServer } = input;
    this.#watchdog = createActor(watchdog, {
      input: { server, startServer, stopServer, tell: (report) => this.#hear(report) },
      clock: {
        setTimeout: (run: () => void, ms: number) => clock.after(ms, run),
        clearTimeout: (cancel: Cancel | undefined) => cancel?.(),
      },
    });
    this.#watchdog.start();
  }

  /** Resolves when the server runs. Rejects with the reason when it cannot; then it is stopped. */
  start(): Promise<void> {
    if (this.#watchdog.getSnapshot().matches('running')) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#starting.push({ resolve, reject });
      this.#watchdog.send({ type: 'start' });
    });
  }

  /** Resolves when the server has stopped. It stays so until it is told to start. */
  stop(): Promise<void> {
    if (this.#watchdog.getSnapshot().matches('stopped')) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#stopping.push({ resolve, reject });
      this.#watchdog.send({ type: 'stop' });
    });
  }

  /** The server has ended by itself. */
  noteEnded(error: unknown): void {
    this.#isMissing = true;
    this.#isEnding = true;
    this.#watchdog.send({ type: 'ended', error });
    this.#isEnding = false;
  }

  /** Guards no more. The server is left as it is. */
  retire(): void {
    this.#watchdog.stop();
    const closed = new ClosedError(`a start or a stop of server ${this.#input.server}`);
    for (const { reject } of [...this.#starting.splice(0), ...this.#stopping.splice(0)]) reject(closed);
  }

  #hear(report: WatchdogReport): void {
    switch (report.type) {
      case 'running':
        for (const { resolve } of this.#starting.splice(0)) resolve();
        if (this.#isMissing) this.#tell(() => this.#input.recovered());
        this.#isMissing = false;
        return;
      case 'failed':
        if (this.#starting.length > 0) {
          // Who asked for it is told; to try again is up to them.
          for (const { reject } of this.#starting.splice(0)) reject(report.error);
          this.#watchdog.send({ type: 'stop' });
        } else if (this.#isMissing && !this.#isEnding) {
          this.#tell(() => this.#input.failed(report.error));
        }
        return;
      case 'stopped':
        this.#isMissing = false;
        for (const { resolve } of this.#stopping.splice(0)) resolve();
    }
  }

  /** Not from within the watchdog: who is told may throw, or tell us what to do. */
  #tell(what: () => void): void {
    this.#input.clock.soon(what);
  }
}
