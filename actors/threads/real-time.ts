import { randomInt, randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';

/*
 * The one file where the world of threads takes its time and its chance from. Everything else in the runtime
 * and in the roles gets both from outside.
 */

/** Longer delays would overflow the timer of the platform, which then fires at once. */
const DELAY_MS_MAX = 2 ** 31 - 1;

/** The machine's monotonic clock. */
export const realClock: Clock = {
  now: () => performance.now(),
  soon: (run) => {
    setImmediate(run);
  },
  after: (ms, run) => {
    // Rounded up: a timer that fires a fraction too early finds nothing due, and costs a second wake-up.
    const timer = setTimeout(run, Math.min(Math.ceil(ms), DELAY_MS_MAX));
    return () => clearTimeout(timer);
  },
};

/** The machine's monotonic clock in whole microseconds, as ms: one for all threads of a process. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

/** A seed that nobody can guess. */
export function freshSeed(): number {
  return randomInt(2 ** 31);
}

/** An id that no one else has. */
export function freshId(): string {
  return randomUUID();
}
