import { pack } from '../../actors/codec.ts';
import type { JournalKey, JournalView, JournalWrite } from '../../actors/journal.ts';
import { ApplicationStore } from '../replication/application-store.ts';
import { dataPrefix } from '../replication/state-records.ts';
import type { AbortReason } from './client-messages.ts';
import type { Decision } from './presumption.ts';
import type { Transaction, Value } from './transaction.ts';
import { NO_VERSION, type TransactionId } from './transaction-id.ts';

/** What a key has. */
export type Entry = readonly [version: TransactionId, value: Value];

/*
 * A record is a text, the version and behind a space the value, where that is a text, which is quickest to write; else a
 * list of the two.
 */
type StoredEntry = string | readonly [version: TransactionId, value: Uint8Array];

/** Where the store's records stand. */
const GENERATION = 0;
const NAME = 'kv';
/** Where there is anything in a store there is this. */
const MARK: JournalKey = ['store'];

/**
 * The keys and values of a follower, each with its version: what is committed, and nothing else. In memory as far as it is
 * new; the journal of the follower has what is not on disk here yet.
 */
export class VersionedStore {
  readonly #disk: JournalView;
  #records: ApplicationStore;
  #lastTransaction = 0;
  readonly #flushing: number[] = [];
  #isMarked: boolean;

  constructor(disk: JournalView) {
    this.#disk = disk;
    this.#isMarked = disk.get(MARK) !== undefined;
    this.#records = new ApplicationStore(disk, GENERATION, NAME);
  }

  /** Nothing was ever written here; or the disk was lost. */
  get isNew(): boolean {
    return !this.#isMarked;
  }

  /** A rough size of what {@link takeDirty} would give. */
  get dirtyBytes(): number {
    return this.#records.dirtyBytes;
  }

  /** Transactions of the disk that were taken, and are not on it yet. */
  get flushing(): number {
    return this.#flushing.length;
  }

  /** Everything in it is on disk. */
  get isOnDisk(): boolean {
    return this.dirtyBytes === 0 && this.flushing === 0;
  }

  get(key: string): Entry | undefined {
    const stored = this.#records.get(key) as StoredEntry | undefined;
    return stored === undefined ? undefined : entryOf(stored);
  }

  /** Does what a group writes that is decided, `id` being that of its first transaction. */
  applyGroup(id: TransactionId, contents: readonly Transaction[], { commits, refused }: Decision): void {
    if (!commits) return;
    const refusals = new Set(refused);
    contents.forEach(({ writes }, place) => {
      if (refusals.has(place)) return;
      for (const [key, value] of writes) this.put(key, id + place, value);
    });
  }

  /** Why a transaction could not commit now; undefined where it could. */
  objectionTo({ reads, conditions }: Transaction): AbortReason | undefined {
    for (const [key, expected] of conditions) {
      if (!isSame(this.get(key)?.[1] ?? null, expected)) return 'condition';
    }
    for (const [key, version] of reads) {
      if ((this.get(key)?.[0] ?? NO_VERSION) !== version) return 'conflict';
    }
    return undefined;
  }

  /** The entries in order of keys, from that one on. Read them at once. */
  *entries(start = ''): IterableIterator<readonly [key: string, entry: Entry]> {
    for (const [key, entry] of this.#records.scan('', start)) yield [key, entryOf(entry as StoredEntry)];
  }

  put(key: string, version: TransactionId, value: Value | null): void {
    if (value === null) this.#records.delete(key);
    else this.#records.put(key, typeof value === 'string' ? `${version} ${value}` : [version, value]);
  }

  /** Forgets everything. It must not be read before the write that this gives is on disk. */
  clear(): JournalWrite[] {
    this.#records = new ApplicationStore(this.#disk, GENERATION, NAME);
    return [{ clear: dataPrefix(GENERATION, NAME) }, ...this.#mark()];
  }

  /** Takes what is to be put on disk, as one transaction. */
  takeDirty(): JournalWrite[] {
    this.#lastTransaction += 1;
    this.#flushing.push(this.#lastTransaction);
    const writes: JournalWrite[] = this.#mark();
    this.#records.takeDirty(writes, this.#lastTransaction);
    return writes;
  }

  /** What was taken first is on disk. */
  persisted(): void {
    const transaction = this.#flushing.shift();
    if (transaction === undefined) throw new Error('a transaction is on disk that was never taken');
    this.#records.persisted(transaction);
  }

  #mark(): JournalWrite[] {
    if (this.#isMarked) return [];
    this.#isMarked = true;
    return [{ key: MARK, value: pack(true) }];
  }
}

function entryOf(stored: StoredEntry): Entry {
  if (typeof stored !== 'string') return stored;
  const space = stored.indexOf(' ');
  return [Number(stored.slice(0, space)), stored.slice(space + 1)];
}

function isSame(value: Value | null, expected: Value | null): boolean {
  if (value instanceof Uint8Array && expected instanceof Uint8Array)
    return Buffer.compare(value, expected) === 0;
  return value === expected;
}
