import type { JournalKey } from '../../actors/journal.ts';
import { keyBytes, writeKey } from '../../actors/key-bytes.ts';

/** What a record costs in memory beside its bytes: its entry, and the text of its key. A rough figure. */
const OVERHEAD_BYTES = 144;

/** About the most bytes of records that one application keeps in memory, what is not yet on disk apart. */
export const CACHE_BYTES_MAX = 64 * 1024 * 1024;

/** Longest key of an application's record, in UTF-8 bytes. */
export const RECORD_KEY_BYTES_MAX = 768;

/** Records share buffers of this size. */
const SLAB_BYTES_MAX = 64 * 1024;
const SLAB_BYTES_MIN = 1024;
/** A part of the memory that a slab takes at most; and a part of a slab that a record takes at most, or it has a buffer alone. */
const SLABS_MIN = 64;
const SLAB_RECORDS_MIN = 16;

const NO_SLAB = Buffer.alloc(0);

/** How a record in memory stands to the disk: the same, newer, or newer and on its way there. */
export type RecordPlace = 'clean' | 'dirty' | 'flushing';

/**
 * A record in memory. Its bytes stand in a buffer that it shares with others, outside the heap: there are too many
 * values that live for a second or two, and the collector would copy and mark each of them.
 *
 *   start      payload          end      limit
 *   | key bytes | payload ...    | unused |
 *
 * The key bytes are those of the journal. A record without a payload is absent.
 */
export interface MemoryRecord {
  readonly key: string;
  slab: Buffer;
  start: number;
  payload: number;
  end: number;
  limit: number;
  place: RecordPlace;
  /** While it is flushing: with which of the transactions. */
  transaction: number;
}

/**
 * Records in memory, in two generations: one that is used joins the young; when that holds half of the bytes
 * allowed it becomes the old one, and what nobody used since is forgotten. A generation's records have slabs of
 * their own, which go with it: bytes that a record has left would else be kept as long as one beside them is.
 */
export class RecordMemory {
  readonly #bytesMax: number;
  readonly #slabBytes: number;
  /** Where the bytes of a new record's key are written before there is room for them: all begin alike. */
  readonly #newKey: Buffer;
  readonly #prefixBytes: number;
  #young = new Map<string, MemoryRecord>();
  #old = new Map<string, MemoryRecord>();
  #youngBytes = 0;
  #slab = NO_SLAB;
  #slabUsed = 0;

  /** @param prefix what stands before a record's key in its journal key. */
  constructor(prefix: JournalKey, bytesMax = CACHE_BYTES_MAX) {
    this.#bytesMax = bytesMax;
    this.#slabBytes = Math.min(Math.max(SLAB_BYTES_MIN, Math.ceil(bytesMax / SLABS_MIN)), SLAB_BYTES_MAX);
    const before = keyBytes(prefix);
    this.#prefixBytes = before.byteLength;
    // What is escaped takes two bytes.
    this.#newKey = Buffer.concat([before, Buffer.alloc(2 * RECORD_KEY_BYTES_MAX + 2)]);
  }

  /** Whether it is time to {@link turnOver}. */
  get isFull(): boolean {
    return this.#youngBytes * 2 > this.#bytesMax;
  }

  find(key: string): MemoryRecord | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.#join(old);
    return old;
  }

  /** A new record, clean, with room for a payload of so many bytes, for the caller to write. */
  add(key: string, payloadBytes: number): MemoryRecord {
    const payload = writeKey([key], this.#newKey, this.#prefixBytes);
    const record: MemoryRecord = {
      key,
      slab: this.#newKey,
      start: 0,
      payload,
      end: payload,
      limit: payload,
      place: 'clean',
      transaction: 0,
    };
    this.#move(record, payload + payloadBytes);
    record.end += payloadBytes;
    this.#young.set(key, record);
    this.#youngBytes += OVERHEAD_BYTES + key.length;
    return record;
  }

  /** Gives a record room for another payload of so many bytes, for the caller to write. */
  resize(record: MemoryRecord, payloadBytes: number): void {
    record.end = record.payload;
    const bytes = record.payload - record.start + payloadBytes;
    if (record.start + bytes > record.limit) this.#move(record, bytes);
    record.end = record.payload + payloadBytes;
  }

  /** Forgets the old generation, except for the records that must be kept. These do not count as bytes of the new one. */
  turnOver(...kept: readonly Iterable<MemoryRecord>[]): void {
    this.#old = this.#young;
    this.#young = new Map();
    this.#slab = NO_SLAB;
    this.#slabUsed = 0;
    for (const records of kept) {
      for (const record of records)
        if (!this.#old.has(record.key) && !this.#young.has(record.key)) this.#join(record);
    }
    this.#youngBytes = 0;
  }

  /** Takes a record of an older generation into the young one. */
  #join(record: MemoryRecord): void {
    this.#move(record, record.end - record.start);
    this.#young.set(record.key, record);
    this.#youngBytes += OVERHEAD_BYTES + record.key.length;
  }

  /** Moves what a record has to where there is room for so many bytes. */
  #move(record: MemoryRecord, bytes: number): void {
    let slab: Buffer;
    let start = 0;
    if (bytes * SLAB_RECORDS_MIN > this.#slabBytes) {
      slab = Buffer.allocUnsafeSlow(bytes);
    } else {
      if (this.#slabUsed + bytes > this.#slab.byteLength) {
        this.#slab = Buffer.allocUnsafeSlow(this.#slabBytes);
        this.#slabUsed = 0;
      }
      slab = this.#slab;
      start = this.#slabUsed;
      this.#slabUsed += bytes;
    }
    record.slab.copy(slab, start, record.start, record.end);
    record.payload += start - record.start;
    record.end += start - record.start;
    record.slab = slab;
    record.start = start;
    record.limit = start + bytes;
    this.#youngBytes += bytes;
  }
}
