import { checkSizes, skipContents } from './operations.ts';
import type { Origin } from './origin.ts';
import { VARINT_BYTES_MAX, VarintReader, varintBytes, writeVarint } from './varint.ts';
import { NO_CLOCK, type VectorClock, withoutOrigin } from './vector-clock.ts';

/*
 * A run is versions packed one after the other, as they travel and stand in the journal. Those that share a context
 * stand in a section; its first bytes tell what is different from the context of the section before.
 *
 *   section    0 | origin | counter before the first | order: changes | past: changes
 *   changes    how many | origin, counter (0: none any more) | ...
 *   version    by how much its counter is higher, 1 or more | key bytes | key ... | contents     as in operations.ts
 *
 * The context of a version is the clocks of its order and its past without the origin of the version itself, whose
 * counter stands for both.
 */
const SECTION = 0;

/** Both clocks of a version but for its own origin. */
export interface Context {
  readonly order: VectorClock;
  readonly past: VectorClock;
}

/** It follows nothing. */
export const NO_CONTEXT: Context = { order: NO_CLOCK, past: NO_CLOCK };

const BYTES_MIN = 4096;

/** Packs versions to a run. */
export class RunWriter {
  #bytes = Buffer.allocUnsafeSlow(BYTES_MIN);
  #position = 0;
  #origin: Origin = -1;
  #counter = 0;
  #context: Context | undefined;
  #order: VectorClock = NO_CLOCK;
  #past: VectorClock = NO_CLOCK;
  #count = 0;

  /** Bytes so far. */
  get size(): number {
    return this.#position;
  }

  /** Versions so far. */
  get count(): number {
    return this.#count;
  }

  /**
   * Adds a version; its key and its contents stand in `bytes` as in operations.ts. Quickest for versions that share the
   * object of their context.
   */
  add(origin: Origin, counter: number, context: Context, bytes: Buffer, start: number, end: number): void {
    this.#begin(origin, counter, context, end - start);
    this.#position += bytes.copy(this.#bytes, this.#position, start, end);
  }

  /** The same; only the contents stand in `bytes`. */
  addKept(
    origin: Origin,
    counter: number,
    context: Context,
    key: string,
    bytes: Buffer,
    contents: number,
    end: number,
  ): void {
    const keyBytes = Buffer.byteLength(key);
    this.#begin(origin, counter, context, VARINT_BYTES_MAX + keyBytes + end - contents);
    this.#write(keyBytes);
    this.#position += this.#bytes.write(key, this.#position);
    this.#position += bytes.copy(this.#bytes, this.#position, contents, end);
  }

  /** The run; the writer begins another. */
  take(): Uint8Array {
    const run = new Uint8Array(this.#bytes.subarray(0, this.#position));
    this.#position = 0;
    this.#count = 0;
    this.#origin = -1;
    this.#context = undefined;
    this.#order = NO_CLOCK;
    this.#past = NO_CLOCK;
    if (this.#bytes.byteLength > 1024 * 1024) this.#bytes = Buffer.allocUnsafeSlow(BYTES_MIN);
    return run;
  }

  #begin(origin: Origin, counter: number, context: Context, bytes: number): void {
    if (origin !== this.#origin || counter <= this.#counter || context !== this.#context) {
      const order = changesBetween(this.#order, context.order);
      const past = changesBetween(this.#past, context.past);
      if (origin !== this.#origin || counter <= this.#counter || order.length + past.length > 0) {
        this.#writeSection(origin, counter - 1, order, past);
      }
      this.#context = context;
      this.#order = context.order;
      this.#past = context.past;
    }
    this.#reserve(VARINT_BYTES_MAX + bytes);
    this.#write(counter - this.#counter);
    this.#counter = counter;
    this.#count += 1;
  }

  #writeSection(origin: Origin, counter: number, ...changes: readonly (readonly number[])[]): void {
    this.#reserve((5 + changes.flat().length) * VARINT_BYTES_MAX);
    for (const number of [SECTION, origin, counter]) this.#write(number);
    for (const changed of changes) {
      this.#write(changed.length / 2);
      for (const number of changed) this.#write(number);
    }
    this.#origin = origin;
    this.#counter = counter;
  }

  #write(value: number): void {
    this.#position = writeVarint(value, this.#bytes, this.#position);
  }

  #reserve(bytes: number): void {
    const needed = this.#position + bytes;
    if (needed <= this.#bytes.byteLength) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.byteLength));
    this.#bytes.copy(larger, 0, 0, this.#position);
    this.#bytes = larger;
  }
}

/** Reads a run, version by version; what it says of one holds until the next. */
export class RunReader {
  readonly #reader: VarintReader;
  origin: Origin = -1;
  counter = 0;
  /** An object of its own for each section. */
  context: Context = NO_CONTEXT;
  /** Where it stands, with its key and its contents: as in operations.ts. */
  start = 0;
  contents = 0;
  end = 0;
  isTombstone = false;
  #keyStart = 0;

  constructor(run: Uint8Array) {
    this.#reader = new VarintReader(run);
  }

  get bytes(): Buffer {
    return this.#reader.bytes;
  }

  get key(): string {
    return this.bytes.toString('utf8', this.#keyStart, this.contents);
  }

  /** Goes on to the next version; false when there is none. @throws RangeError, SynodError when the bytes are no run. */
  next(): boolean {
    const reader = this.#reader;
    if (!reader.hasMore) return false;
    let step = reader.next();
    while (step === SECTION) {
      this.#readSection();
      step = reader.next();
    }
    if (this.origin < 0) throw new RangeError('a run begins with no section');
    this.counter += step;
    this.start = reader.position;
    const keyBytes = reader.next();
    this.#keyStart = reader.skip(keyBytes);
    this.contents = reader.position;
    const payloadBytes = skipContents(reader);
    checkSizes(keyBytes, payloadBytes ?? 0);
    this.isTombstone = payloadBytes === undefined;
    this.end = reader.position;
    return true;
  }

  #readSection(): void {
    this.origin = this.#reader.next();
    this.counter = this.#reader.next();
    const order = this.#readChanged(this.context.order);
    const past = this.#readChanged(this.context.past);
    this.context = { order, past };
  }

  #readChanged(clock: VectorClock): VectorClock {
    let changed = clock;
    for (let left = this.#reader.next(); left > 0; left--) {
      const origin = this.#reader.next();
      const counter = this.#reader.next();
      changed = withoutOrigin(changed, origin);
      if (counter > 0) changed = inserted(changed, origin, counter);
    }
    return changed;
  }
}

/** What makes one clock the other: origin, counter, and 0 for an origin that goes. */
function changesBetween(from: VectorClock, to: VectorClock): number[] {
  if (from === to) return [];
  const changes: number[] = [];
  let at = 0;
  for (let next = 0; next < to.length; next += 2) {
    while (at < from.length && from[at]! < to[next]!) {
      changes.push(from[at]!, 0);
      at += 2;
    }
    if (from[at] === to[next]) {
      if (from[at + 1] !== to[next + 1]) changes.push(to[next]!, to[next + 1]!);
      at += 2;
    } else {
      changes.push(to[next]!, to[next + 1]!);
    }
  }
  for (; at < from.length; at += 2) changes.push(from[at]!, 0);
  return changes;
}

function inserted(clock: VectorClock, origin: Origin, counter: number): VectorClock {
  let at = 0;
  while (at < clock.length && clock[at]! < origin) at += 2;
  return [...clock.slice(0, at), origin, counter, ...clock.slice(at)];
}

/** Bytes of {@link packContext}. */
export function contextBytes({ order, past }: Context): number {
  let bytes = varintBytes(order.length / 2) + varintBytes(past.length / 2);
  for (const number of order) bytes += varintBytes(number);
  for (const number of past) bytes += varintBytes(number);
  return bytes;
}

/** A context as versions are stored with it: how many, origin, counter, ...; twice. */
export function packContext(context: Context): Buffer {
  const bytes = Buffer.allocUnsafe(contextBytes(context));
  let position = 0;
  for (const clock of [context.order, context.past]) {
    position = writeVarint(clock.length / 2, bytes, position);
    for (const number of clock) position = writeVarint(number, bytes, position);
  }
  return bytes;
}

/** Reads it back. @throws RangeError */
export function readContext(reader: VarintReader): Context {
  const order = readClock(reader);
  return { order, past: readClock(reader) };
}

function readClock(reader: VarintReader): VectorClock {
  const clock: number[] = [];
  for (let left = reader.next(); left > 0; left--) clock.push(reader.next(), reader.next());
  return clock;
}
