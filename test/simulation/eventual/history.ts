import { serverOf } from '../../../machines/eventual/origin.ts';
import { counterOf, type VectorClock } from '../../../machines/eventual/vector-clock.ts';

/** A put or a delete, as a client knows it. */
export interface WriteRecord {
  readonly id: number;
  readonly client: string;
  readonly server: number;
  readonly key: string;
  /** Undefined: a delete. Values differ, so each tells whose it is. */
  readonly value: string | undefined;
  /** All that its session had written and read before, and what that rested on: ids of writes. */
  readonly past: ReadonlySet<number>;
  /** The highest counter of the server that anybody had been told before. */
  readonly after: number;
  /** What it was stamped with; undefined while nobody has said that it happened. */
  stamp: VectorClock | undefined;
}

export class Violation extends Error {}

/**
 * What clients have done and seen. A write rests on another one when its session had written or read that before, or read
 * something that rested on it: this is checked without any clock of the store.
 */
export class History {
  readonly writes: WriteRecord[] = [];
  readonly #byValue = new Map<string, WriteRecord>();
  readonly #pasts = new Map<string, Set<number>>();
  readonly #counters = new Map<number, number>();
  readonly #dots = new Set<string>();
  reads = 0;

  /** A client begins to write. */
  begin(client: string, server: number, key: string, value: string | undefined): WriteRecord {
    const past = this.#pastOf(client);
    const record: WriteRecord = {
      id: this.writes.length,
      client,
      server,
      key,
      value,
      past: new Set(past),
      after: this.#counters.get(server) ?? 0,
      stamp: undefined,
    };
    this.writes.push(record);
    if (value !== undefined) this.#byValue.set(value, record);
    return record;
  }

  /** It has happened. */
  written(record: WriteRecord, stamp: VectorClock): void {
    const counter = counterOf(stamp, record.server);
    if (counter <= record.after) {
      throw new Violation(`the clock of server ${record.server} ran from ${record.after} back to ${counter}`);
    }
    const dot = `${record.server} ${counter}`;
    if (this.#dots.has(dot)) throw new Violation(`two writes have the number ${dot}`);
    this.#dots.add(dot);
    this.#counters.set(record.server, Math.max(counter, this.#counters.get(record.server) ?? 0));
    record.stamp = stamp;
    for (const id of record.past) {
      const before = this.writes[id]!;
      if (before.stamp !== undefined && !covers(stamp, before)) {
        throw new Violation(`write ${record.id} does not follow write ${id} of its past`);
      }
    }
    this.#pastOf(record.client).add(record.id);
  }

  /** A client has read a key and was given a value, or that there is none. */
  read(client: string, key: string, value: unknown): void {
    this.reads += 1;
    const past = this.#pastOf(client);
    const known = [...past].map((id) => this.writes[id]!).filter((write) => write.key === key);
    if (value === undefined) {
      const puts = known.filter(
        (put) => put.value !== undefined && !known.some(({ past: later }) => later.has(put.id)),
      );
      for (const put of puts) {
        const isDeleted = this.writes.some(
          (write) => write.key === key && write.value === undefined && !put.past.has(write.id),
        );
        if (!isDeleted) throw new Violation(`${client} read that there is no ${key}, after write ${put.id}`);
      }
      return;
    }
    const shown = this.#byValue.get(String(value));
    if (shown === undefined || shown.key !== key)
      throw new Violation(`${client} read ${key}: ${String(value)}, which nobody put there`);
    for (const later of known) {
      if (later.past.has(shown.id)) {
        throw new Violation(
          `${client} read write ${shown.id} of ${key}, after write ${later.id}, which follows it`,
        );
      }
    }
    past.add(shown.id);
    for (const id of shown.past) past.add(id);
  }

  /** What all servers show in the end. */
  checkEnd(values: Readonly<Record<string, unknown>>): void {
    for (const key of new Set(this.writes.map((write) => write.key))) {
      const writes = this.writes.filter((write) => write.key === key);
      const last = writes.filter(
        (write) =>
          !writes.some(
            (other) =>
              other !== write &&
              (other.stamp === undefined
                ? false
                : write.stamp === undefined
                  ? other.past.has(write.id)
                  : covers(other.stamp, write)),
          ),
      );
      const shown = values[key];
      const isOpen = last.some(({ stamp }) => stamp === undefined);
      const winner = last.reduce<WriteRecord | undefined>(
        (highest, write) => (highest === undefined || write.server > highest.server ? write : highest),
        undefined,
      );
      const isRight = isOpen
        ? last.some(({ value }) => value === shown) || shown === undefined
        : winner?.value === shown;
      if (!isRight) {
        throw new Violation(
          `${key} shows ${String(shown)}; put last were ${last.map(({ value, server }) => `${value} on ${server}`)}`,
        );
      }
    }
  }

  #pastOf(client: string): Set<number> {
    let past = this.#pasts.get(client);
    if (past === undefined) {
      past = new Set();
      this.#pasts.set(client, past);
    }
    return past;
  }
}

/** Whether a stamp covers a write. */
function covers(stamp: VectorClock, write: WriteRecord): boolean {
  return write.stamp !== undefined && counterOf(stamp, write.server) >= counterOf(write.stamp, write.server);
}

/** For storms in which no memory is lost: each server counts as itself. */
export function hasOwnOrigins(clock: VectorClock): boolean {
  return clock.every((number, place) => place % 2 === 1 || number === serverOf(number));
}
