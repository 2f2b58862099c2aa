import { CorruptRecordError } from './errors.ts';
import type { Journal, JournalKey, JournalView, JournalWrite } from './journal.ts';
import { encodeKey } from './journal-key.ts';
import { encodedKey, keyOf } from './key-bytes.ts';
import { CHECKSUM_BYTES, type PackedWrite, unpackWrites } from './packed-writes.ts';
import { type SortedRecord, SortedRecords } from './sorted-records.ts';

/** Hears of every record as it lands on a disk, or leaves it. */
export interface DiskListener {
  put(key: JournalKey, value: Uint8Array): void;
  /** `value` is what it was. */
  deleted(key: JournalKey, value: Uint8Array): void;
  /** All is lost. */
  erased(): void;
}

/**
 * What survives a crash: exactly the transactions that were flushed. Give the same disk to the next
 * {@link MemoryJournal} to restart from it; the journal that had it before is dead from then on.
 */
export class MemoryDisk {
  readonly #records = new SortedRecords();
  readonly #rotten = new Set<string>();
  #holder: object | undefined;
  #listener: DiskListener | undefined;

  /** Tells one listener of what happens from now on, for those who check invariants. */
  watch(listener: DiskListener): void {
    this.#listener = listener;
  }

  /** How many records it holds. */
  get size(): number {
    return this.#records.size;
  }

  /** The records themselves, for the journal. */
  get records(): SortedRecords {
    return this.#records;
  }

  /** Whether any record would fail its checksum. */
  get isDamaged(): boolean {
    return this.#rotten.size > 0;
  }

  /** Lets a record rot: it fails its checksum from here on, until it is written anew. @throws RangeError when there is none. */
  rot(key: JournalKey): void {
    const encoded = encodeKey(key);
    if (this.#records.get(encoded) === undefined) throw new RangeError(`no record ${JSON.stringify(key)}`);
    this.#rotten.add(encoded);
  }

  /**
   * Takes a part of a write, as a disk that loses power leaves it: of its records each that `lands` says yes to, damaged.
   * Nobody hears of that, for it never was.
   */
  tear(write: JournalWrite, lands: () => boolean): void {
    for (const { encoded, key, value } of putsOf(write)) {
      if (!lands()) continue;
      this.#records.put(encoded, key, value);
      this.#rotten.add(encoded);
    }
  }

  /** Loses everything. */
  erase(): void {
    this.#records.clear();
    this.#rotten.clear();
    this.#listener?.erased();
  }

  /** @throws CorruptRecordError when the record has rotted. */
  check(encoded: string, key: JournalKey): void {
    if (this.#rotten.has(encoded)) throw new CorruptRecordError('memory', JSON.stringify(key));
  }

  /** Takes a write, for the journal. */
  write(write: JournalWrite): void {
    if ('clear' in write) {
      const cleared = [...below(this.#records, encodeKey(write.clear))];
      for (const { encoded } of cleared) this.#delete(encoded);
      return;
    }
    if ('packed' in write) {
      this.#writePacked(write.packed);
    } else if (write.value === undefined) {
      this.#delete(encodeKey(write.key));
    } else {
      this.#put(encodeKey(write.key), write.key, write.value);
    }
  }

  /** Makes `holder` the only one whose flushes land; nobody's land when undefined. */
  attach(holder: object | undefined): void {
    this.#holder = holder;
  }

  /** Whether the flushes of `holder` still land. */
  isHeldBy(holder: object): boolean {
    return this.#holder === holder;
  }

  #writePacked(packed: Uint8Array): void {
    for (const write of unpackWrites(packed)) {
      if (write.operation === 'put') {
        const { encoded, key, value } = recordIn(write);
        this.#put(encoded, key, value);
      } else {
        this.#delete(encodedKey(write.key));
      }
    }
  }

  #put(encoded: string, key: JournalKey, value: Uint8Array): void {
    this.#rotten.delete(encoded);
    this.#records.put(encoded, key, value);
    this.#listener?.put(key, value);
  }

  #delete(encoded: string): void {
    this.#rotten.delete(encoded);
    const deleted = this.#records.delete(encoded);
    if (deleted !== undefined) this.#listener?.deleted(deleted.key, deleted.value);
  }
}

/** How a {@link MemoryJournal} is set up. */
export interface MemoryJournalOptions {
  /** Where flushed transactions go; a fresh disk by default. */
  readonly disk?: MemoryDisk;
  /**
   * Called when a flush begins; the flush ends when `run` is called, now or later, once. One flush is under
   * way at a time and takes along every transaction committed before it began. By default it ends at once,
   * inside `commit`.
   */
  readonly flush?: (run: () => void) => void;
}

interface Transaction {
  readonly writes: readonly JournalWrite[];
  readonly durable: () => void;
}

/** A journal in memory: for tests, simulation and nodes that need not survive. Reads show what is durable, nothing else. */
export class MemoryJournal implements Journal {
  readonly disk: MemoryDisk;
  readonly #flush: (run: () => void) => void;
  #waiting: Transaction[] = [];
  #flushing = false;
  #flushes = 0;

  constructor(options: MemoryJournalOptions = {}) {
    this.disk = options.disk ?? new MemoryDisk();
    this.#flush = options.flush ?? ((run) => run());
    this.disk.attach(this);
  }

  get(key: JournalKey): Uint8Array | undefined {
    return this.#get(this.disk.records, key);
  }

  range(prefix: JournalKey, from?: JournalKey): IterableIterator<readonly [JournalKey, Uint8Array]> {
    // The caller may commit while it iterates.
    return this.#range(this.disk.records.copy(), prefix, from);
  }

  commit(writes: readonly JournalWrite[], durable: () => void): void {
    this.#waiting.push({ writes, durable });
    this.#startFlush();
  }

  snapshot(): JournalView & Disposable {
    const records = this.disk.records.copy();
    return {
      get: (key) => this.#get(records, key),
      range: (prefix, from) => this.#range(records, prefix, from),
      [Symbol.dispose]: () => {},
    };
  }

  /**
   * The power goes: what is not flushed is lost, and no `durable` is called any more. As on a real disk, the
   * first of the unflushed may have been written without anyone being told: `landed` says how many.
   */
  crash(landed = 0): void {
    if (this.#isAlive()) {
      for (const { writes } of this.#waiting.slice(0, landed)) this.#write(writes);
      this.disk.attach(undefined);
    }
    this.#waiting = [];
  }

  /**
   * As {@link crash}, but the first of the unflushed is found half written: of its records some, damaged, which ones `lands`
   * says. False when there is none, or nothing of it has landed: then it is as if it had never been.
   */
  tear(lands: () => boolean): boolean {
    if (this.#isAlive()) for (const write of this.#waiting[0]?.writes ?? []) this.disk.tear(write, lands);
    this.crash();
    return this.disk.isDamaged;
  }

  get flushes(): number {
    return this.#flushes;
  }

  /** How many transactions are not yet durable. */
  get waiting(): number {
    return this.#waiting.length;
  }

  #isAlive(): boolean {
    return this.disk.isHeldBy(this);
  }

  #startFlush(): void {
    if (this.#flushing || this.#waiting.length === 0 || !this.#isAlive()) return;
    this.#flushing = true;
    const count = this.#waiting.length;
    let ended = false;
    this.#flush(() => {
      if (ended || !this.#isAlive()) return;
      ended = true;
      this.#flushes += 1;
      const landed = this.#waiting.splice(0, count);
      for (const { writes } of landed) this.#write(writes);
      for (const { durable } of landed) if (this.#isAlive()) durable();
      this.#flushing = false;
      this.#startFlush();
    });
  }

  #write(writes: readonly JournalWrite[]): void {
    for (const write of writes) this.disk.write(write);
  }

  #get(records: SortedRecords, key: JournalKey): Uint8Array | undefined {
    const encoded = encodeKey(key);
    this.disk.check(encoded, key);
    return records.get(encoded);
  }

  *#range(
    records: SortedRecords,
    prefix: JournalKey,
    from: JournalKey = prefix,
  ): IterableIterator<readonly [JournalKey, Uint8Array]> {
    for (const { encoded, key, value } of below(records, encodeKey(prefix), encodeKey(from))) {
      this.disk.check(encoded, key);
      yield [key, value];
    }
  }
}

/** The records that a write puts. */
function* putsOf(write: JournalWrite): IterableIterator<SortedRecord> {
  if ('clear' in write) return;
  if ('packed' in write) {
    for (const one of unpackWrites(write.packed)) if (one.operation === 'put') yield recordIn(one);
  } else if (write.value !== undefined) {
    yield { encoded: encodeKey(write.key), key: write.key, value: write.value };
  }
}

/** The record of a packed put: a copy, for a view would keep the whole run alive. */
function recordIn({ key, record }: Extract<PackedWrite, { operation: 'put' }>): SortedRecord {
  const value = new Uint8Array(record.subarray(0, -CHECKSUM_BYTES));
  return { encoded: encodedKey(key), key: keyOf(key), value };
}

/** The records below a prefix, not the one at the prefix itself, that come at or after `from`. */
function* below(records: SortedRecords, prefix: string, from = prefix) {
  for (const record of records.from(from > prefix ? from : prefix)) {
    if (!record.encoded.startsWith(prefix)) return;
    if (record.encoded.length > prefix.length) yield record;
  }
}
