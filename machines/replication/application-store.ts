import { unpack } from '../../actors/codec.ts';
import type { JournalView, JournalWrite } from '../../actors/journal.ts';
import type { ApplicationState, ReadableState } from './application.ts';
import { compareKeys } from './key-order.ts';
import { estimateBytes, plainCopy, wellFormed } from './plain-data.ts';
import { CACHE_BYTES_MAX, type MemoryRecord, RECORD_OVERHEAD_BYTES, RecordMemory } from './record-memory.ts';
import { RecordPacker } from './record-packer.ts';
import { dataKey, dataPrefix } from './state-records.ts';

/** Longest key of an application's record, in UTF-8 bytes. */
export const RECORD_KEY_BYTES_MAX = 768;

/** The value of a record that was deleted, or was looked for and not found. */
const ABSENT: unique symbol = Symbol('absent');

/**
 * The data of one application as its operations see it: records in memory, clean ones bounded by their size,
 * over the journal. What comes out is independent of where a record is at the moment.
 *
 *            put              takeDirty             persisted
 *   clean ─────────▶ dirty ─────────────▶ flushing ───────────▶ clean, or forgotten
 *                      ▲       put           │
 *                      └─────────────────────┘
 */
export class ApplicationStore implements ApplicationState {
  /** The same data, for queries. */
  readonly reader: ReadableState;
  readonly #journal: JournalView;
  readonly #generation: number;
  readonly #application: string;
  readonly #memory: RecordMemory;
  readonly #packer = new RecordPacker();
  #dirty: MemoryRecord[] = [];
  /** The transactions on their way to the disk, the oldest first. */
  #flushing: { readonly transaction: number; readonly records: readonly MemoryRecord[] }[] = [];
  #dirtyBytes = 0;

  constructor(
    journal: JournalView,
    generation: number,
    application: string,
    cacheBytesMax = CACHE_BYTES_MAX,
  ) {
    this.#journal = journal;
    this.#generation = generation;
    this.#application = application;
    this.#memory = new RecordMemory(cacheBytesMax);
    this.reader = { get: (key) => this.get(key), scan: (prefix, from) => this.scan(prefix, from) };
  }

  /** A rough size of what {@link takeDirty} would give. */
  get dirtyBytes(): number {
    return this.#dirtyBytes;
  }

  get(key: string): unknown {
    const record = this.#memory.find(key);
    return handOut(record === undefined ? this.#load(key) : record.value);
  }

  put(key: string, value: unknown): void {
    this.#write(checkedKey(key), value === undefined ? ABSENT : plainCopy(value));
  }

  delete(key: string): void {
    this.#write(checkedKey(key), ABSENT);
  }

  /** The entries as they are now: what is written while they are read does not show. Read them at once. */
  scan(prefix: string, from = prefix): IterableIterator<readonly [key: string, value: unknown]> {
    const start = checkedKey(compareKeys(from, prefix) < 0 ? prefix : from);
    const isWanted = (key: string) => key.startsWith(prefix) && compareKeys(key, start) >= 0;
    const newer: [key: string, value: unknown][] = [];
    for (const { key, value } of this.#dirty) if (isWanted(key)) newer.push([key, value]);
    for (const flushing of this.#flushing) {
      for (const record of flushing.records) {
        if (isFlushing(record, flushing.transaction) && isWanted(record.key))
          newer.push([record.key, record.value]);
      }
    }
    newer.sort(([a], [b]) => compareKeys(a, b));
    return merge(newer, this.#stored(prefix, start));
  }

  /** Appends what is dirty to a transaction, of a higher number than those before. It is remembered until {@link persisted}. */
  takeDirty(writes: JournalWrite[], transaction: number): void {
    for (const record of this.#dirty) {
      const { key, value } = record;
      record.place = 'flushing';
      record.transaction = transaction;
      writes.push({
        key: dataKey(this.#generation, this.#application, key),
        value: value === ABSENT ? undefined : this.#packer.pack(value),
      });
    }
    this.#flushing.push({ transaction, records: this.#dirty });
    this.#dirty = [];
    this.#dirtyBytes = 0;
  }

  /** The transactions up to this one are on disk. */
  persisted(transaction: number): void {
    while (this.#flushing[0] !== undefined && this.#flushing[0].transaction <= transaction) {
      const { records, transaction: flushed } = this.#flushing.shift()!;
      for (const record of records) if (isFlushing(record, flushed)) record.place = 'clean';
    }
  }

  #load(key: string): unknown {
    if (!fits(key)) return ABSENT;
    const stored = this.#journal.get(dataKey(this.#generation, this.#application, key));
    const value = stored === undefined ? ABSENT : fromDisk(stored);
    this.#add({ key, value, bytes: bytesOf(key, value), place: 'clean', transaction: 0 });
    return value;
  }

  #write(key: string, value: unknown): void {
    const bytes = bytesOf(key, value);
    const record = this.#memory.find(key);
    if (record === undefined) {
      const added: MemoryRecord = { key, value, bytes, place: 'dirty', transaction: 0 };
      this.#dirty.push(added);
      this.#dirtyBytes += bytes;
      this.#add(added);
      return;
    }
    this.#memory.grown(bytes - record.bytes);
    if (record.place === 'dirty') {
      this.#dirtyBytes += bytes - record.bytes;
    } else {
      record.place = 'dirty';
      this.#dirty.push(record);
      this.#dirtyBytes += bytes;
    }
    record.value = value;
    record.bytes = bytes;
    this.#bound();
  }

  #add(record: MemoryRecord): void {
    this.#memory.add(record);
    this.#bound();
  }

  #bound(): void {
    if (this.#memory.isFull)
      this.#memory.turnOver(this.#dirty, ...this.#flushing.map(({ records }) => records));
  }

  *#stored(prefix: string, start: string): IterableIterator<[key: string, record: Uint8Array]> {
    const below = dataPrefix(this.#generation, this.#application);
    for (const [parts, record] of this.#journal.range(below, [...below, start])) {
      const key = String(parts[3]);
      if (!key.startsWith(prefix)) return;
      yield [key, record];
    }
  }
}

/** Whether a record is on its way with this transaction; it may have been written again since. */
function isFlushing(record: MemoryRecord, transaction: number): boolean {
  return record.place === 'flushing' && record.transaction === transaction;
}

/** The entries of both in order; where both have a key, that of `newer`. */
function* merge(
  newer: readonly (readonly [key: string, value: unknown])[],
  records: Iterable<[key: string, record: Uint8Array]>,
): IterableIterator<readonly [key: string, value: unknown]> {
  let next = 0;
  for (const [key, record] of records) {
    let shadowed = false;
    for (; next < newer.length; next += 1) {
      const [newerKey, value] = newer[next]!;
      const order = compareKeys(newerKey, key);
      if (order > 0) break;
      if (order === 0) shadowed = true;
      if (value !== ABSENT) yield [newerKey, handOut(value)];
    }
    if (!shadowed) yield [key, fromDisk(record)];
  }
  for (const [key, value] of newer.slice(next)) {
    if (value !== ABSENT) yield [key, handOut(value)];
  }
}

/** Lists and objects are handed out as copies, so that nobody changes by accident what only some replicas hold. */
function handOut(value: unknown): unknown {
  if (value === ABSENT) return undefined;
  if (typeof value !== 'object' || value instanceof Uint8Array) return value;
  return plainCopy(value);
}

/** A binary in it would be a view that keeps the whole record alive. */
function fromDisk(record: Uint8Array): unknown {
  const value = unpack(record);
  return typeof value === 'object' ? plainCopy(value) : value;
}

function bytesOf(key: string, value: unknown): number {
  return RECORD_OVERHEAD_BYTES + key.length + estimateBytes(value);
}

function checkedKey(key: string): string {
  if (fits(wellFormed(key))) return key;
  throw new RangeError(`a record's key of ${Buffer.byteLength(key)} bytes is over ${RECORD_KEY_BYTES_MAX}`);
}

function fits(key: string): boolean {
  // A UTF-16 unit takes three bytes at most.
  return key.length * 3 <= RECORD_KEY_BYTES_MAX || Buffer.byteLength(key) <= RECORD_KEY_BYTES_MAX;
}
