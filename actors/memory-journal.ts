import type { Journal, JournalKey, JournalView, JournalWrite } from './journal.ts';
import { encodeKey } from './journal-key.ts';
import { SortedRecords } from './sorted-records.ts';

/**
 * What survives a crash: exactly the transactions that were flushed. Give the same disk to the next
 * {@link MemoryJournal} to restart from it; the journal that had it before is dead from then on.
 */
export class MemoryDisk {
  readonly #records = new SortedRecords();
  #holder: object | undefined;

  /** How many records it holds. */
  get size(): number {
    return this.#records.size;
  }

  /** The records themselves, for the journal. */
  get records(): SortedRecords {
    return this.#records;
  }

  /** Makes `holder` the only one whose flushes land; nobody's land when undefined. */
  attach(holder: object | undefined): void {
    this.#holder = holder;
  }

  /** Whether the flushes of `holder` still land. */
  isHeldBy(holder: object): boolean {
    return this.#holder === holder;
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

  constructor(options: MemoryJournalOptions = {}) {
    this.disk = options.disk ?? new MemoryDisk();
    this.#flush = options.flush ?? ((run) => run());
    this.disk.attach(this);
  }

  get(key: JournalKey): Uint8Array | undefined {
    return this.disk.records.get(encodeKey(key));
  }

  range(prefix: JournalKey, from?: JournalKey): IterableIterator<readonly [JournalKey, Uint8Array]> {
    // The caller may commit while it iterates.
    return rangeOf(this.disk.records.copy(), prefix, from);
  }

  commit(writes: readonly JournalWrite[], durable: () => void): void {
    this.#waiting.push({ writes, durable });
    this.#startFlush();
  }

  snapshot(): JournalView & Disposable {
    const records = this.disk.records.copy();
    return {
      get: (key) => records.get(encodeKey(key)),
      range: (prefix, from) => rangeOf(records, prefix, from),
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
      const landed = this.#waiting.splice(0, count);
      for (const { writes } of landed) this.#write(writes);
      for (const { durable } of landed) if (this.#isAlive()) durable();
      this.#flushing = false;
      this.#startFlush();
    });
  }

  #write(writes: readonly JournalWrite[]): void {
    const { records } = this.disk;
    for (const write of writes) {
      if ('clear' in write) {
        const cleared = [...below(records, encodeKey(write.clear))];
        for (const { encoded } of cleared) records.delete(encoded);
      } else if (write.value === undefined) {
        records.delete(encodeKey(write.key));
      } else {
        records.put(encodeKey(write.key), write.key, write.value);
      }
    }
  }
}

function* rangeOf(
  records: SortedRecords,
  prefix: JournalKey,
  from: JournalKey = prefix,
): IterableIterator<readonly [JournalKey, Uint8Array]> {
  for (const { key, value } of below(records, encodeKey(prefix), encodeKey(from))) yield [key, value];
}

/** The records below a prefix, not the one at the prefix itself, that come at or after `from`. */
function* below(records: SortedRecords, prefix: string, from = prefix) {
  for (const record of records.from(from > prefix ? from : prefix)) {
    if (!record.encoded.startsWith(prefix)) return;
    if (record.encoded.length > prefix.length) yield record;
  }
}
