import { isClock, mergeClocks, NO_CLOCK, type VectorClock } from './vector-clock.ts';

/**
 * What a session has read and written, as a client carries it from server to server. Plain data; clients only merge it.
 *
 * Two clocks, for a write follows more than its session knows of: all that its server held. A session that had to wait
 * for that, too, would wait for what sessions of others have read elsewhere.
 */
export interface Session {
  /** Its writes follow all that this covers. */
  readonly order: VectorClock;
  /** What it has read and written, and what that rested on: a server must hold it before it answers a read. */
  readonly past: VectorClock;
}

/** A session that has read and written nothing. */
export const NEW_SESSION: Session = { order: NO_CLOCK, past: NO_CLOCK };

/** What a session becomes by what a server answered. The order of the two does not matter. */
export function mergeSessions(a: Session, b: Session): Session {
  return { order: mergeClocks(a.order, b.order), past: mergeClocks(a.past, b.past) };
}

/** Whether this, from outside, is a session. */
export function isSession(value: unknown): value is Session {
  return (
    typeof value === 'object' &&
    value !== null &&
    'order' in value &&
    'past' in value &&
    isClock(value.order) &&
    isClock(value.past)
  );
}
