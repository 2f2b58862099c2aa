import type { JournalKey, JournalView, JournalWrite } from '../../actors/journal.ts';
import {
  CHECKSUM_BYTES,
  completeDelete,
  completePut,
  WRITE_HEADER_BYTES,
} from '../../actors/packed-writes.ts';
import { compareKeys } from './key-order.ts';
import { wellFormed } from './plain-data.ts';
import { CACHE_BYTES_MAX, type MemoryRecord, RECORD_KEY_BYTES_MAX, RecordMemory } from './record-memory.ts';

/** Makes something of a payload, which it must not keep: its bytes may be written again. */
export type ReadRecord<Value> = (bytes: Buffer, start: number, end: number) => Value;

/**
 * Records that are written behind: in memory, clean ones bounded by their size, over the journal. What comes out is
 * independent of where a record is at the moment.
 *
 *            resize           takeDirty             persisted
 *   clean ─────────▶ dirty ─────────────▶ flushing ───────────▶ clean, or forgotten
 *                      ▲       resize        │
 *                      └─────────────────────┘
 */
export class RecordStore {
  readonly #journal: JournalView;
  readonly #prefix: JournalKey;
  readonly #memory: RecordMemory;
  #dirty: MemoryRecord[] = [];
  /** The transactions on their way to the disk, the oldest first. */
  #flushing: { readonly transaction: number; readonly records: readonly MemoryRecord[] }[] = [];
  #dirtyBytes = 0;

  /** @param prefix what stands before a record's key in its journal key. */
  constructor(journal: JournalView, prefix: JournalKey, cacheBytesMax = CACHE_BYTES_MAX) {
    this.#journal = journal;
    this.#prefix = prefix;
    this.#memory = new RecordMemory(prefix, cacheBytesMax);
  }

  /** A rough size of what {@link takeDirty} would give. */
  get dirtyBytes(): number {
    return this.#dirtyBytes;
  }

  /** The record; one that is absent has no payload, or is undefined. It is the caller's only until the next call. */
  find(key: string): MemoryRecord | undefined {
    return this.#memory.find(key) ?? this.#load(key);
  }

  /**
   * The record, dirty, with room for a payload of so many bytes, which the caller is to write; 0 deletes it. What it had
   * is gone. @throws RangeError when the key is too long.
   */
  resize(key: string, payloadBytes: number): MemoryRecord {
    checkKey(key);
    let record = this.#memory.find(key);
    if (record === undefined) {
      record = this.#memory.add(key, payloadBytes);
    } else {
      if (record.place === 'dirty') this.#dirtyBytes -= bytesOf(record);
      this.#memory.resize(record, payloadBytes);
    }
    if (record.place !== 'dirty') this.#dirty.push(record);
    record.place = 'dirty';
    this.#dirtyBytes += bytesOf(record);
    this.#bound();
    return record;
  }

  /**
   * The records whose keys begin with `prefix`, from `from` on, in the order of the journal. They are as they are now:
   * what is written while they are read does not show. Read them at once.
   */
  scan<Value>(
    prefix: string,
    from: string,
    read: ReadRecord<Value>,
  ): IterableIterator<readonly [key: string, value: Value]> {
    const start = compareKeys(from, prefix) < 0 ? prefix : from;
    checkKey(start);
    const isWanted = (key: string) => key.startsWith(prefix) && compareKeys(key, start) >= 0;
    const newer: [key: string, value: Value | undefined][] = [];
    for (const record of this.#dirty)
      if (isWanted(record.key)) newer.push([record.key, currentValue(record, read)]);
    for (const flushing of this.#flushing) {
      for (const record of flushing.records) {
        if (isFlushing(record, flushing.transaction) && isWanted(record.key))
          newer.push([record.key, currentValue(record, read)]);
      }
    }
    newer.sort(([a], [b]) => compareKeys(a, b));
    return merge(newer, this.#stored(prefix, start), read);
  }

  /** Appends what is dirty to a transaction, of a higher number than those before. It is remembered until {@link persisted}. */
  takeDirty(writes: JournalWrite[], transaction: number): void {
    if (this.#dirty.length > 0) writes.push({ packed: packed(this.#dirty) });
    for (const record of this.#dirty) {
      record.place = 'flushing';
      record.transaction = transaction;
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

  #load(key: string): MemoryRecord | undefined {
    if (!fits(key)) return undefined;
    const payload = this.#journal.get([...this.#prefix, key]);
    const record = this.#memory.add(key, payload?.byteLength ?? 0);
    if (payload !== undefined) record.slab.set(payload, record.payload);
    this.#bound();
    return record;
  }

  #bound(): void {
    if (this.#memory.isFull)
      this.#memory.turnOver(this.#dirty, ...this.#flushing.map(({ records }) => records));
  }

  *#stored(prefix: string, start: string): IterableIterator<[key: string, record: Uint8Array]> {
    const depth = this.#prefix.length;
    for (const [parts, record] of this.#journal.range(this.#prefix, [...this.#prefix, start])) {
      const key = String(parts[depth]);
      if (!key.startsWith(prefix)) return;
      yield [key, record];
    }
  }
}

/** Whether a record is on its way with this transaction; it may have been written again since. */
function isFlushing(record: MemoryRecord, transaction: number): boolean {
  return record.place === 'flushing' && record.transaction === transaction;
}

/** The records as writes of a transaction. */
function packed(records: readonly MemoryRecord[]): Uint8Array {
  let bytes = 0;
  for (const record of records) bytes += bytesOf(record);
  const run = Buffer.allocUnsafeSlow(bytes);
  let position = 0;
  for (const { slab, start, payload, end } of records) {
    const keyEnd = position + WRITE_HEADER_BYTES + payload - start;
    slab.copy(run, position + WRITE_HEADER_BYTES, start, end);
    position =
      payload === end
        ? completeDelete(run, position, keyEnd)
        : completePut(run, position, keyEnd, keyEnd + end - payload);
  }
  return run.subarray(0, position);
}

/** What a record takes in a transaction at most. */
function bytesOf({ start, end }: MemoryRecord): number {
  return WRITE_HEADER_BYTES + end - start + CHECKSUM_BYTES;
}

/** Undefined when it is absent. */
function currentValue<Value>(
  { slab, payload, end }: MemoryRecord,
  read: ReadRecord<Value>,
): Value | undefined {
  return payload === end ? undefined : read(slab, payload, end);
}

/** The entries of both in order; where both have a key, that of `newer`. */
function* merge<Value>(
  newer: readonly (readonly [key: string, value: Value | undefined])[],
  records: Iterable<[key: string, record: Uint8Array]>,
  read: ReadRecord<Value>,
): IterableIterator<readonly [key: string, value: Value]> {
  let next = 0;
  for (const [key, record] of records) {
    let shadowed = false;
    for (; next < newer.length; next += 1) {
      const [newerKey, value] = newer[next]!;
      const order = compareKeys(newerKey, key);
      if (order > 0) break;
      if (order === 0) shadowed = true;
      if (value !== undefined) yield [newerKey, value];
    }
    if (!shadowed) yield [key, read(asBuffer(record), 0, record.byteLength)];
  }
  for (const [key, value] of newer.slice(next)) {
    if (value !== undefined) yield [key, value];
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** @throws RangeError when a record cannot have this key. */
export function checkKey(key: string): void {
  if (fits(wellFormed(key))) return;
  throw new RangeError(`a record's key of ${Buffer.byteLength(key)} bytes is over ${RECORD_KEY_BYTES_MAX}`);
}

function fits(key: string): boolean {
  // A UTF-16 unit takes three bytes at most.
  return key.length * 3 <= RECORD_KEY_BYTES_MAX || Buffer.byteLength(key) <= RECORD_KEY_BYTES_MAX;
}
