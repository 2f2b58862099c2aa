/** The name of a record: a table, then parts that order it within. Numbers are whole and at least 0. */
export type JournalKey = readonly (string | number)[];

/**
 * One change of a transaction: put a record, delete it (`value` undefined), or clear all records below a prefix; or
 * a run of puts and deletes in the form of `packed-writes.ts`, for those who write thousands at a time.
 */
export type JournalWrite =
  | { readonly key: JournalKey; readonly value: Uint8Array | undefined }
  | { readonly clear: JournalKey }
  | { readonly packed: Uint8Array };

/** Records as they stand on disk. */
export interface JournalView {
  /** The record, or undefined. @throws CorruptRecordError when it fails its checksum. */
  get(key: JournalKey): Uint8Array | undefined;
  /**
   * The records whose keys begin with `prefix` (and have more parts), in order of their keys: strings by
   * their UTF-8 bytes, numbers by value. `from` starts at that key (included), itself below the prefix.
   * @throws CorruptRecordError when a record fails its checksum.
   */
  range(prefix: JournalKey, from?: JournalKey): IterableIterator<readonly [JournalKey, Uint8Array]>;
}

/**
 * A node's durable store. Reads show every transaction whose `durable` has been called, and may show later
 * ones; what a role has written and not yet been told of it must remember itself.
 */
export interface Journal extends JournalView {
  /**
   * Writes one transaction: all of it or nothing. Transactions become durable in the order of their calls;
   * `durable` is called once, when this one is on disk. The values belong to the journal from here on.
   */
  commit(writes: readonly JournalWrite[], durable: () => void): void;
  /** The records as they stand now, unchanged by later transactions, until disposed. */
  snapshot(): JournalView & Disposable;
  /** Flushes that have ended; transactions that share one count for one. */
  readonly flushes: number;
}
