import type { Operation } from './history.ts';

/** `unknown`: neither was found in the time and the memory that there were. */
export type HistoryVerdict = 'ok' | 'violated' | 'unknown';

/** Something that cannot be, if what is checked for holds. */
export interface Anomaly {
  /** What went wrong, in the term of the field: `G1c`, `aborted read`, `read your writes`. */
  readonly name: string;
  /** Those that show it. */
  readonly operations: readonly Operation[];
  /** For people: these operations, and why they cannot be. Several lines. */
  readonly drawing: string;
}

/** What a check found. */
export interface Findings<Found extends Anomaly = Anomaly> {
  readonly verdict: HistoryVerdict;
  /** None unless violated. */
  readonly violations: readonly Found[];
  /** Which limit was reached, where unknown: `the time limit` or `the limit on memory`. */
  readonly reason?: string;
}

export interface CheckLimits {
  /** Where the time comes from. */
  readonly clock: { now(): number };
  /** How long the check may take, in ms of that clock. */
  readonly timeLimitMs: number;
}

/** Says when it is enough. */
export type Deadline = () => boolean;

export function deadlineOf(limits: CheckLimits | undefined): Deadline {
  if (limits === undefined) return () => false;
  const { clock, timeLimitMs } = limits;
  const end = clock.now() + timeLimitMs;
  return () => clock.now() > end;
}

/** Enough after so many looks, too. */
export function atMost(looks: number, deadline: Deadline): Deadline {
  let left = looks;
  return () => --left < 0 || deadline();
}

export const OUT_OF_TIME = 'the time limit';
export const OUT_OF_MEMORY = 'the limit on memory';
