/** What a record costs in memory beside its key and value. A rough figure. */
export const RECORD_OVERHEAD_BYTES = 96;

/** About the most bytes of records that one application keeps in memory, what is not yet on disk apart. */
export const CACHE_BYTES_MAX = 64 * 1024 * 1024;

/** How a record in memory stands to the disk: the same, newer, or newer and on its way there. */
export type RecordPlace = 'clean' | 'dirty' | 'flushing';

/** A record in memory. */
export interface MemoryRecord {
  readonly key: string;
  value: unknown;
  /** A rough size of key and value. */
  bytes: number;
  place: RecordPlace;
  /** While it is flushing: with which of the transactions. */
  transaction: number;
}

/**
 * Records in memory, in two generations: one that is used joins the young; when that holds half of the bytes
 * allowed it becomes the old one, and what nobody used since is forgotten.
 */
export class RecordMemory {
  readonly #bytesMax: number;
  #young = new Map<string, MemoryRecord>();
  #old = new Map<string, MemoryRecord>();
  #youngBytes = 0;

  constructor(bytesMax = CACHE_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  /** Whether it is time to {@link turnOver}. */
  get isFull(): boolean {
    return this.#youngBytes * 2 > this.#bytesMax;
  }

  find(key: string): MemoryRecord | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.add(old);
    return old;
  }

  add(record: MemoryRecord): void {
    this.#young.set(record.key, record);
    this.#youngBytes += record.bytes;
  }

  /** A record that was found has grown by so many bytes. */
  grown(bytes: number): void {
    this.#youngBytes += bytes;
  }

  /** Forgets the old generation, except for the records that must be kept. These do not count as bytes of the new one. */
  turnOver(...kept: readonly Iterable<MemoryRecord>[]): void {
    this.#old = this.#young;
    this.#young = new Map();
    this.#youngBytes = 0;
    for (const records of kept) {
      for (const record of records) if (!this.#old.has(record.key)) this.#young.set(record.key, record);
    }
  }
}
