import type { MessagePort } from 'node:worker_threads';
import { open, type RootDatabase, type Transaction } from 'lmdb';
import { CorruptJournalError, CorruptRecordError } from '../errors.ts';
import type { Journal, JournalKey, JournalView, JournalWrite } from '../journal.ts';
import { boundsBelow, KEY_BYTES_MAX, keyBytes, keyOf } from '../key-bytes.ts';
import { payloadOf } from '../packed-writes.ts';
import type { DiskNews } from './disk-thread.ts';
import { unpackError } from './error-transfer.ts';
import { ENVIRONMENT } from './lmdb-options.ts';
import { packTransaction } from './packed-transaction.ts';
import { DiskFailedError } from './thread-errors.ts';

type Reader = RootDatabase<Buffer, Uint8Array>;

/**
 * A node's journal as the node's own thread sees it: reads go straight to LMDB through a handle that cannot
 * write, so that the thread may end at any instruction; transactions go to the disk thread as bytes.
 */
export class LmdbJournal implements Journal {
  readonly #folder: string;
  readonly #disk: MessagePort;
  readonly #db: Reader;
  readonly #view: LmdbView;
  #waiting: (() => void)[] = [];
  #flushes = 0;

  /**
   * @param disk the port at whose other end the disk thread has opened `folder`.
   * @param failed called once when the journal takes no more: what is not durable by then will never be.
   */
  constructor(folder: string, disk: MessagePort, failed: (error: Error) => void) {
    this.#folder = folder;
    this.#disk = disk;
    try {
      this.#db = open<Buffer, Uint8Array>(folder, { ...ENVIRONMENT, readOnly: true });
    } catch (cause) {
      throw new CorruptJournalError(folder, cause);
    }
    this.#view = new LmdbView(folder, this.#db, undefined);
    let ended = false;
    const fail = (error: Error): void => {
      if (ended) return;
      ended = true;
      this.#waiting = [];
      failed(error);
    };
    disk.on('message', (news: DiskNews) => {
      if (typeof news === 'number') this.#landed(news);
      else fail(unpackError(news));
    });
    disk.on('close', () => fail(new DiskFailedError(folder, new Error('the disk thread has ended'))));
  }

  get(key: JournalKey): Uint8Array | undefined {
    return this.#view.get(key);
  }

  range(prefix: JournalKey, from?: JournalKey): IterableIterator<readonly [JournalKey, Uint8Array]> {
    return this.#view.range(prefix, from);
  }

  /** @throws RecordTooLargeError, or RangeError for a key that is none; then nothing is written. */
  commit(writes: readonly JournalWrite[], durable: () => void): void {
    const transaction = packTransaction(writes);
    this.#waiting.push(durable);
    this.#disk.postMessage(transaction, [transaction.buffer]);
  }

  snapshot(): JournalView & Disposable {
    this.#db.resetReadTxn();
    const transaction = this.#db.useReadTransaction();
    return new LmdbView(this.#folder, this.#db, transaction);
  }

  get flushes(): number {
    return this.#flushes;
  }

  #landed(transactions: number): void {
    this.#flushes += 1;
    // Else reads would go on showing the state that this turn of the event loop has first seen.
    this.#db.resetReadTxn();
    for (const durable of this.#waiting.splice(0, transactions)) durable();
  }
}

/** Reads records, as they stand now or in one read transaction. */
class LmdbView implements JournalView, Disposable {
  readonly #folder: string;
  readonly #db: Reader;
  readonly #transaction: Transaction | undefined;
  #disposed = false;

  constructor(folder: string, db: Reader, transaction: Transaction | undefined) {
    this.#folder = folder;
    this.#db = db;
    this.#transaction = transaction;
  }

  get(key: JournalKey): Uint8Array | undefined {
    const bytes = keyBytes(key);
    if (bytes.byteLength > KEY_BYTES_MAX) return undefined;
    const record = this.#guarded(() => this.#db.get(bytes, this.#options()));
    return record === undefined ? undefined : this.#payloadOf(bytes, record);
  }

  *range(prefix: JournalKey, from?: JournalKey): IterableIterator<readonly [JournalKey, Uint8Array]> {
    const { start, end } = boundsBelow(prefix, from);
    if (end.byteLength > KEY_BYTES_MAX) return;
    const bounds = { start: start.subarray(0, KEY_BYTES_MAX), end };
    const entries = this.#guarded(() =>
      this.#db.getRange({ ...bounds, ...this.#options() })[Symbol.iterator](),
    );
    try {
      for (;;) {
        const next = this.#guarded(() => entries.next());
        if (next.done === true) return;
        const { key, value } = next.value;
        // LMDB takes no longer key to start from, so the first may stand before it.
        if (start.byteLength > KEY_BYTES_MAX && start.compare(key) > 0) continue;
        yield [keyOf(key), this.#payloadOf(key, value)];
      }
    } finally {
      entries.return?.();
    }
  }

  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#transaction?.done();
  }

  #options(): { transaction?: Transaction } {
    if (this.#disposed) throw new Error('the snapshot of a journal was read after it was disposed of');
    return this.#transaction === undefined ? {} : { transaction: this.#transaction };
  }

  #payloadOf(key: Uint8Array, record: Uint8Array): Uint8Array {
    const payload = payloadOf(key, record);
    if (payload === undefined) throw new CorruptRecordError(this.#folder, JSON.stringify(keyOf(key)));
    return payload;
  }

  #guarded<T>(read: () => T): T {
    try {
      return read();
    } catch (cause) {
      throw new CorruptJournalError(this.#folder, cause);
    }
  }
}
