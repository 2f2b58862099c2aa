import { compareOrigins, isOrigin, type Origin } from './origin.ts';
import type { VectorClock } from './vector-clock.ts';

/**
 * Sets of writes as messages and records carry them: `[origin, from, to, from, to, ...]` for each origin, both ends
 * included, ascending, with a gap between each two.
 */
export type Ranges = readonly (readonly number[])[];

export const NO_RANGES: Ranges = [];

/**
 * Which writes a server holds: of each origin, all up to a counter, and some beyond. It holds a write that it has
 * applied, or that others which it has applied take the place of.
 */
export class Held {
  /** The ranges of each origin: from, to, from, to, ... */
  readonly #ranges = new Map<Origin, number[]>();

  constructor(ranges: Ranges = NO_RANGES) {
    this.addRanges(ranges);
  }

  has(origin: Origin, counter: number): boolean {
    const ranges = this.#ranges.get(origin);
    if (ranges === undefined) return false;
    // The newest are asked for most.
    for (let at = ranges.length - 2; at >= 0; at -= 2) {
      if (counter >= ranges[at]!) return counter <= ranges[at + 1]!;
    }
    return false;
  }

  /** The counter up to which it has all writes of an origin. */
  upTo(origin: Origin): number {
    const ranges = this.#ranges.get(origin);
    return ranges?.[0] === 1 ? ranges[1]! : 0;
  }

  /** Whether it has all that a clock covers. */
  covers(clock: VectorClock): boolean {
    for (let at = 0; at < clock.length; at += 2) {
      if (this.upTo(clock[at]!) < clock[at + 1]!) return false;
    }
    return true;
  }

  /** Whether it has all of another set. */
  includes(other: Held): boolean {
    return other.minus(this).isEmpty;
  }

  get isEmpty(): boolean {
    return this.#ranges.size === 0;
  }

  /** How many writes it has. */
  get size(): number {
    let size = 0;
    for (const ranges of this.#ranges.values()) {
      for (let at = 0; at < ranges.length; at += 2) size += ranges[at + 1]! - ranges[at]! + 1;
    }
    return size;
  }

  /** What it has all of. */
  get clock(): VectorClock {
    const clock: number[] = [];
    for (const origin of this.#origins()) {
      const counter = this.upTo(origin);
      if (counter > 0) clock.push(origin, counter);
    }
    return clock;
  }

  /** The set as plain data; equal sets, equal data. */
  get ranges(): Ranges {
    return this.#origins().map((origin) => [origin, ...this.#ranges.get(origin)!]);
  }

  /** Takes in the writes of an origin from one counter to another, both included. */
  add(origin: Origin, from: number, to = from): void {
    const ranges = this.#ranges.get(origin);
    if (ranges === undefined) {
      this.#ranges.set(origin, [from, to]);
      return;
    }
    const last = ranges.length - 1;
    if (from > ranges[last]!) {
      if (from === ranges[last]! + 1) ranges[last] = to;
      else ranges.push(from, to);
      return;
    }
    // The first range that ends where these begin, or later; and the first that begins beyond where they end.
    let first = 0;
    while (ranges[first + 1]! < from - 1) first += 2;
    let next = first;
    while (next < ranges.length && ranges[next]! <= to + 1) next += 2;
    const joined =
      next === first ? [from, to] : [Math.min(from, ranges[first]!), Math.max(to, ranges[next - 1]!)];
    ranges.splice(first, next - first, ...joined);
  }

  addRanges(ranges: Ranges): void {
    for (const [origin, ...bounds] of ranges) {
      for (let at = 0; at < bounds.length; at += 2) this.add(origin!, bounds[at]!, bounds[at + 1]!);
    }
  }

  addAll(other: Held): void {
    this.addRanges(other.ranges);
  }

  /** What it has and `other` has not. */
  minus(other: Held): Held {
    const rest = new Held();
    for (const [origin, ranges] of this.#ranges) {
      const theirs = other.#ranges.get(origin) ?? [];
      for (let at = 0; at < ranges.length; at += 2) {
        let from = ranges[at]!;
        const to = ranges[at + 1]!;
        for (let their = 0; their < theirs.length && from <= to; their += 2) {
          if (theirs[their + 1]! < from) continue;
          if (theirs[their]! > to) break;
          if (theirs[their]! > from) rest.add(origin, from, theirs[their]! - 1);
          from = theirs[their + 1]! + 1;
        }
        if (from <= to) rest.add(origin, from, to);
      }
    }
    return rest;
  }

  /** What both have. */
  meet(other: Held): Held {
    return this.minus(this.minus(other));
  }

  #origins(): Origin[] {
    return [...this.#ranges.keys()].sort((a, b) => a - b);
  }
}

/** Whether this, from outside, is a set of writes. */
export function isRanges(value: unknown): value is Ranges {
  return (
    Array.isArray(value) && value.every(isRangesOfOrigin) && isAscending(value.map(([origin]) => origin!))
  );
}

function isRangesOfOrigin(value: unknown): value is number[] {
  if (!Array.isArray(value) || value.length < 3 || value.length % 2 === 0) return false;
  const numbers = value as readonly unknown[];
  if (!isOrigin(numbers[0])) return false;
  let least = 1;
  for (let at = 1; at < numbers.length; at++) {
    const bound = numbers[at];
    if (!Number.isSafeInteger(bound) || (bound as number) < least) return false;
    // A range ends where it begins, or later; the next begins behind a gap.
    least = at % 2 === 1 ? (bound as number) : (bound as number) + 2;
  }
  return true;
}

function isAscending(origins: readonly number[]): boolean {
  return origins.every((origin, place) => place === 0 || origin > origins[place - 1]!);
}

/** The origins that ranges name. */
export function originsOf(ranges: Ranges): Origin[] {
  return ranges.map(([origin]) => origin!).sort(compareOrigins);
}

const PRIME = 0x01000193;
const OFFSET = 0x811c9dc5;

/** Of two sets that differ it differs, as good as always. FNV-1a over 32 bits, twice. */
export function digestOf(ranges: Ranges): number {
  let high = OFFSET;
  let low = ~OFFSET;
  for (const bounds of ranges) {
    for (const bound of bounds) {
      high = Math.imul(high ^ bound, PRIME);
      high = Math.imul(high ^ Math.floor(bound / 2 ** 32), PRIME);
      low = Math.imul((low ^ bound) + 1, PRIME);
    }
    high = Math.imul(high ^ 0x100, PRIME);
    low = Math.imul(low ^ 0x200, PRIME);
  }
  return ((high >>> 0) % 2 ** 20) * 2 ** 32 + (low >>> 0);
}
