import type { Cancel, Clock } from '../clock.ts';
import { SimulationStuckError } from './errors.ts';
import { EventQueue } from './event-queue.ts';

/** So many events at one instant are a circle that never lets time pass. */
const EVENTS_AT_ONE_INSTANT_MAX = 1_000_000;

/**
 * Time that passes only from event to event. It counts whole microseconds, so that sums are exact and
 * a trace shows no rounding.
 */
export class VirtualClock implements Clock {
  readonly #queue = new EventQueue();
  #soon: (() => void)[] = [];
  #nowMicroseconds = 0;
  #eventsAtThisInstant = 0;

  now(): number {
    return this.#nowMicroseconds / 1000;
  }

  soon(run: () => void): void {
    this.#soon.push(run);
  }

  after(ms: number, run: () => void): Cancel {
    if (Number.isNaN(ms)) throw new RangeError('a delay of NaN ms never ends');
    // Rounded up: who asks for the rest of a delay must not wake before its end, again and again.
    const event = this.#queue.add(this.#nowMicroseconds + Math.max(0, Math.ceil(ms * 1000)), run);
    return () => {
      event.run = undefined;
    };
  }

  /** The time in whole microseconds. */
  get nowMicroseconds(): number {
    return this.#nowMicroseconds;
  }

  /** Calls `run` once at a moment in whole microseconds, not before now. */
  at(microseconds: number, run: () => void): void {
    this.#queue.add(Math.max(this.#nowMicroseconds, microseconds), run);
  }

  /** When the next event happens, or undefined when nothing is scheduled. */
  get nextMs(): number | undefined {
    if (this.#soon.length > 0) return this.now();
    const next = this.#queue.peek();
    return next && next.time / 1000;
  }

  /** Lets the next event happen. False when there is none. @throws SimulationStuckError when time stands still. */
  step(): boolean {
    const soon = this.#soon.shift();
    const event = soon === undefined ? this.#queue.take() : undefined;
    const run = soon ?? event?.run;
    if (run === undefined) return false;
    if (event !== undefined) {
      event.run = undefined;
      this.#passTo(event.time);
    }
    this.#eventsAtThisInstant += 1;
    if (this.#eventsAtThisInstant > EVENTS_AT_ONE_INSTANT_MAX) {
      throw new SimulationStuckError(
        this.now(),
        `${EVENTS_AT_ONE_INSTANT_MAX} events without any time passing`,
      );
    }
    run();
    return true;
  }

  /** Lets time pass without anything happening; never beyond the next event. */
  skipTo(ms: number): void {
    if (this.#soon.length > 0) return;
    this.#passTo(Math.min(Math.round(ms * 1000), this.#queue.peek()?.time ?? Number.POSITIVE_INFINITY));
  }

  /** Forgets everything that is scheduled. */
  clear(): void {
    this.#queue.clear();
    this.#soon = [];
  }

  #passTo(microseconds: number): void {
    if (microseconds <= this.#nowMicroseconds) return;
    this.#nowMicroseconds = microseconds;
    this.#eventsAtThisInstant = 0;
  }
}
