import type { Origin } from '../../../../machines/eventual/origin.ts';
import { RunReader } from '../../../../machines/eventual/run.ts';
import { VarintReader } from '../../../../machines/eventual/varint.ts';
import { counterOf, type VectorClock } from '../../../../machines/eventual/vector-clock.ts';
import { readPayload } from '../../../../machines/replication/record-payload.ts';

/** A put or a delete, as its server has numbered it. */
export interface Write {
  readonly origin: Origin;
  readonly counter: number;
  readonly key: string;
  /** Undefined: a delete. */
  readonly value: unknown;
  readonly isTombstone: boolean;
  /** What it follows, and what it rests on; its own origin stands in neither. */
  readonly order: VectorClock;
  readonly past: VectorClock;
}

/** Whether one write follows another by its clock. */
export function follows(write: Write, other: Write): boolean {
  if (write.origin === other.origin) return write.counter > other.counter;
  return counterOf(write.order, other.origin) >= other.counter;
}

export function nameOf({ origin, counter, key, value, isTombstone }: Write): string {
  return `${origin}:${counter} (${isTombstone ? `${key} deleted` : `${key} = ${String(value)}`})`;
}

/** The writes in a run. */
export function writesIn(run: Uint8Array): Write[] {
  const writes: Write[] = [];
  const version = new RunReader(run);
  while (version.next()) {
    const { origin, counter, key, isTombstone, context } = version;
    const { order, past } = context;
    writes.push({ origin, counter, key, value: valueIn(version), isTombstone, order, past });
  }
  return writes;
}

function valueIn({ bytes, contents, isTombstone }: RunReader): unknown {
  if (isTombstone) return undefined;
  const reader = new VarintReader(bytes, contents + 1);
  const payloadBytes = reader.next();
  return readPayload(bytes, reader.position, reader.position + payloadBytes);
}

/** Every write that was ever on the disk of its server, whatever became of it. */
export class WriteHistory {
  readonly #byOrigin = new Map<Origin, Write[]>();
  readonly #byKey = new Map<string, Write[]>();
  readonly #byValue = new Map<unknown, Write>();
  #size = 0;

  /** The next one of its origin. */
  add(write: Write): void {
    const ofOrigin = this.#byOrigin.get(write.origin) ?? [];
    this.#byOrigin.set(write.origin, ofOrigin);
    ofOrigin.push(write);
    const ofKey = this.#byKey.get(write.key) ?? [];
    this.#byKey.set(write.key, ofKey);
    ofKey.push(write);
    if (!write.isTombstone) this.#byValue.set(write.value, write);
    this.#size += 1;
  }

  get size(): number {
    return this.#size;
  }

  get all(): Write[] {
    return [...this.#byOrigin.values()].flat();
  }

  find(origin: Origin, counter: number): Write | undefined {
    return this.#byOrigin.get(origin)?.[counter - 1];
  }

  /** How many writes of an origin there are. */
  upTo(origin: Origin): number {
    return this.#byOrigin.get(origin)?.length ?? 0;
  }

  get keys(): readonly string[] {
    return [...this.#byKey.keys()];
  }

  ofKey(key: string): readonly Write[] {
    return this.#byKey.get(key) ?? [];
  }

  /** The put of a value: clients put each value once. */
  putOf(value: unknown): Write | undefined {
    return this.#byValue.get(value);
  }
}
