import { isOrigin, type Origin } from './origin.ts';

/**
 * A vector clock: of each origin, how many of its writes it covers, all from the first on. Plain data, ready to be
 * sent: `[origin, counter, origin, counter, ...]`, origins ascending, counters above 0. Never changed in place.
 */
export type VectorClock = readonly number[];

/** It covers nothing. */
export const NO_CLOCK: VectorClock = [];

/** How many writes of an origin a clock covers. */
export function counterOf(clock: VectorClock, origin: Origin): number {
  for (let at = 0; at < clock.length; at += 2) {
    const known = clock[at]!;
    if (known === origin) return clock[at + 1]!;
    if (known > origin) return 0;
  }
  return 0;
}

/** Whether `clock` covers all that `other` does. */
export function covers(clock: VectorClock, other: VectorClock): boolean {
  let at = 0;
  for (let next = 0; next < other.length; next += 2) {
    while (at < clock.length && clock[at]! < other[next]!) at += 2;
    if (clock[at] !== other[next] || clock[at + 1]! < other[next + 1]!) return false;
  }
  return true;
}

/** The smallest clock that covers both; one of them itself where that does. */
export function mergeClocks(a: VectorClock, b: VectorClock): VectorClock {
  if (covers(a, b)) return a;
  if (covers(b, a)) return b;
  const merged: number[] = [];
  let next = 0;
  for (let at = 0; at < a.length; at += 2) {
    while (next < b.length && b[next]! < a[at]!) merged.push(b[next++]!, b[next++]!);
    if (b[next] === a[at]) {
      merged.push(a[at]!, Math.max(a[at + 1]!, b[next + 1]!));
      next += 2;
    } else {
      merged.push(a[at]!, a[at + 1]!);
    }
  }
  while (next < b.length) merged.push(b[next++]!, b[next++]!);
  return merged;
}

/** The largest clock that both cover. */
export function meetOf(a: VectorClock, b: VectorClock): VectorClock {
  const meet: number[] = [];
  for (let at = 0; at < a.length; at += 2) {
    const counter = Math.min(a[at + 1]!, counterOf(b, a[at]!));
    if (counter > 0) meet.push(a[at]!, counter);
  }
  return meet;
}

/** The clock with an origin's counter raised to `counter`, if it is lower. */
export function withCounter(clock: VectorClock, origin: Origin, counter: number): VectorClock {
  return mergeClocks(clock, [origin, counter]);
}

/** The clock without an origin. */
export function withoutOrigin(clock: VectorClock, origin: Origin): VectorClock {
  const at = clock.findIndex((known, place) => place % 2 === 0 && known === origin);
  return at < 0 ? clock : [...clock.slice(0, at), ...clock.slice(at + 2)];
}

/** Whether this, from outside, is a clock. */
export function isClock(value: unknown): value is VectorClock {
  if (!Array.isArray(value) || value.length % 2 !== 0) return false;
  const numbers = value as readonly unknown[];
  for (let at = 0; at < numbers.length; at += 2) {
    if (!isOrigin(numbers[at]) || (at > 0 && (numbers[at] as number) <= (numbers[at - 2] as number)))
      return false;
    if (!Number.isSafeInteger(numbers[at + 1]) || (numbers[at + 1] as number) < 1) return false;
  }
  return true;
}
