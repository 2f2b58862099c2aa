/** Takes back what was asked for; harmless afterwards. */
export type Cancel = () => void;

/** Time that comes in from outside. */
export interface Clock {
  /** Milliseconds since some moment; never goes back. */
  now(): number;
  /** Calls `run` once, when what is happening right now has happened, and before any timer. */
  soon(run: () => void): void;
  /** Calls `run` once, `ms` from now. */
  after(ms: number, run: () => void): Cancel;
}

/** Resolves `ms` from now. */
export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.after(ms, resolve));
}
