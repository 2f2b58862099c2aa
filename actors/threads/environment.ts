import { closeSync, fstatSync, openSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import type { Cancel } from '../clock.ts';
import { CorruptJournalError, DiskFullError } from '../errors.ts';
import { boundsBelowBytes } from '../key-bytes.ts';
import { payloadOf, putsAnything, recordOf, unpackWrites } from '../packed-writes.ts';
import { ENVIRONMENT } from './lmdb-options.ts';
import { realClock } from './real-time.ts';
import { flushFile, flushNames, hasFiles, reserveFiles } from './reserve-files.ts';
import { DiskFailedError, messageOf, WrongFolderError } from './thread-errors.ts';

/** Also where nothing has come for long, transactions wait this long for others. */
const COLLECT_MS_MIN = 50;
/** Bytes of transactions that wait for company, at most. */
const COLLECTED_BYTES_MAX = 16 * 1024 * 1024;
/** Keys that a clear holds in memory at a time. */
const CLEAR_KEYS_MAX = 512;

/** Where an environment remembers whose it is: before all keys of records, which no reader of these comes to see. */
const OWNER_KEY = Buffer.of(0);

/** The binding misbehaves with less. */
const MAP_BYTES_MIN = 1024 * 1024;

/** A disk with less than this left is full. */
const SPACE_BYTES_MIN = 1024 * 1024;

/** Told of an environment's transactions, in the order in which they were written. */
export interface EnvironmentListener {
  /** So many more transactions are on disk. */
  durable(transactions: number): void;
  /** None of the transactions from here on will be on disk. */
  failed(error: Error): void;
}

/**
 * One node's LMDB environment, as its only writer sees it. Transactions that arrive in one turn of the event loop, or,
 * where `collectMs` says so, for that long after the last flush, share a flush:
 *
 *   idle ──write──▶ collecting ──written and flushed in one step──▶ idle, or collecting again
 *                   (more join)
 *
 * They become one LMDB transaction, on this thread, which waits for the disk: one flush after another is done sooner
 * in the mean than several at a time, which a disk serves in turns; who needs a majority of them has it with the second
 * of three. And nothing is ever written after one that failed.
 */
export class Environment {
  readonly #folder: string;
  readonly #journalBytesMax: number;
  readonly #collectMs: number;
  readonly #db: RootDatabase<Uint8Array, Uint8Array>;
  readonly #file: number;
  #listener: EnvironmentListener | undefined;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #isCollecting = false;
  #cancelCollecting: Cancel = () => {};
  /** When the last flush ended. */
  #flushedMs = Number.NEGATIVE_INFINITY;
  #failure: Error | undefined;

  /**
   * @param collectMs how long after a flush transactions wait for others to share the next one with. LMDB writes every
   * page that a commit touches: of many small writes all over a large store, most of the cost is shared.
   * @throws CorruptJournalError when LMDB will not have it. Verify the folder before: it believes what it finds.
   */
  constructor(folder: string, journalBytesMax: number, collectMs = 0) {
    this.#folder = folder;
    this.#collectMs = collectMs;
    this.#journalBytesMax = journalBytesMax;
    try {
      const isNew = !hasFiles(folder);
      reserveFiles(folder);
      this.#db = open<Uint8Array, Uint8Array>(folder, {
        ...ENVIRONMENT,
        mapSize: Math.max(journalBytesMax, MAP_BYTES_MIN),
      });
      this.#file = openSync(join(folder, 'data.mdb'), 'r');
      if (isNew) {
        flushFile(join(folder, 'data.mdb'));
        flushNames(folder);
      }
    } catch (cause) {
      throw this.#errorOf(cause, 0);
    }
  }

  /** Whether it holds no record but that of its owner. */
  get isEmpty(): boolean {
    const { entryCount } = this.#db.getStats() as { readonly entryCount: number };
    return entryCount === 0 || (entryCount === 1 && this.#db.get(OWNER_KEY) !== undefined);
  }

  /**
   * Makes sure that what it holds is the owner's, whom it remembers: files may have been put in each other's place.
   * Before anything is written. @throws WrongFolderError when they are another's.
   */
  claim(owner: string): void {
    const record = this.#db.get(OWNER_KEY);
    const payload = record && payloadOf(OWNER_KEY, record);
    if (payload === undefined) {
      this.#db.transactionSync(() => this.#db.putSync(OWNER_KEY, recordOf(OWNER_KEY, Buffer.from(owner))));
      return;
    }
    const known = Buffer.from(payload).toString();
    if (known !== owner) throw new WrongFolderError(this.#folder, `it is the ${known}, not the ${owner}`);
  }

  /** Why it writes no more, if so: then close it, and open the folder anew. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Sets who is told from here on. */
  attach(listener: EnvironmentListener): void {
    this.#listener = listener;
  }

  /** Writes one packed transaction, all of it or nothing, after those before it. The bytes are the environment's from here on. */
  write(transaction: Uint8Array): void {
    if (this.#failure !== undefined) return;
    this.#waiting.push(transaction);
    this.#waitingBytes += transaction.byteLength;
    if (this.#waitingBytes >= COLLECTED_BYTES_MAX) this.#flush();
    else if (!this.#isCollecting) this.#collect();
  }

  /** Writes what waits, and lets go of the files. */
  async close(): Promise<void> {
    while (this.#waiting.length > 0) this.#flush();
    await this.#db.close();
    closeSync(this.#file);
  }

  /** Waits for company: what else this turn of the event loop brings, or, after a flush, for as long as was asked. */
  #collect(): void {
    this.#isCollecting = true;
    if (this.#collectMs === 0) {
      this.#flushSoon();
      return;
    }
    const waitMs = this.#flushedMs + this.#collectMs - realClock.now();
    // A thread that was busy with other stores has more for this one in its queue.
    this.#cancelCollecting = realClock.after(Math.max(waitMs, COLLECT_MS_MIN), () => this.#flush());
  }

  #flushSoon(): void {
    let isWanted = true;
    this.#cancelCollecting = () => {
      isWanted = false;
    };
    realClock.soon(() => {
      if (isWanted) this.#flush();
    });
  }

  /** Writes what waits, as far as there is room for it. */
  #flush(): void {
    this.#cancelCollecting();
    this.#isCollecting = false;
    const fileBytes = fstatSync(this.#file).size;
    let bytes = 0;
    let count = 0;
    for (const transaction of this.#waiting) {
      if (!this.#hasRoomFor(transaction, fileBytes + bytes, bytes)) break;
      bytes += transaction.byteLength;
      count += 1;
    }
    const transactions = this.#waiting.splice(0, count);
    this.#waitingBytes -= bytes;
    try {
      if (count === 0) throw new Error(`journalBytesMax is ${this.#journalBytesMax} bytes`);
      this.#db.transactionSync(() => {
        for (const transaction of transactions) this.#put(transaction);
      });
    } catch (cause) {
      this.#fail(this.#errorOf(cause, bytes));
      return;
    }
    this.#flushedMs = realClock.now();
    this.#listener?.durable(count);
    if (this.#waiting.length > 0) this.#collect();
  }

  #put(transaction: Uint8Array): void {
    for (const write of unpackWrites(transaction)) {
      if (write.operation === 'put') this.#db.putSync(write.key, write.record);
      else if (write.operation === 'delete') this.#db.removeSync(write.key);
      else this.#clear(write.key);
    }
  }

  #clear(prefix: Uint8Array): void {
    const bounds = boundsBelowBytes(prefix);
    for (;;) {
      const keys = [...this.#db.getKeys({ ...bounds, limit: CLEAR_KEYS_MAX })];
      for (const key of keys) this.#db.removeSync(key);
      if (keys.length < CLEAR_KEYS_MAX) return;
    }
  }

  /**
   * LMDB's binding lets its file grow beyond what it was told; so the bound is kept here.
   * @param fileBytes what the file may have grown to before this transaction; `before`: by those of the same flush.
   */
  #hasRoomFor(transaction: Uint8Array, fileBytes: number, before: number): boolean {
    if (fileBytes + transaction.byteLength <= this.#journalBytesMax || !putsAnything(transaction))
      return true;
    // The file never shrinks: what was deleted in it is room, too. Half-full pages take twice their content.
    this.#db.resetReadTxn();
    const bytes = before + transaction.byteLength;
    return liveBytesOf(this.#db.getStats()) + 2 * bytes <= this.#journalBytesMax;
  }

  #fail(failure: Error): void {
    this.#failure = failure;
    this.#waiting = [];
    this.#listener?.failed(failure);
  }

  /** @param bytes what was to be written. */
  #errorOf(cause: unknown, bytes: number): Error {
    const message = messageOf(cause);
    if (
      /journalBytesMax|MDB_MAP_FULL|ENOSPC|EDQUOT|EFBIG|No space left|quota|File too large/i.test(message)
    ) {
      return new DiskFullError(this.#folder, cause);
    }
    // LMDB calls it an input/output error when the disk took a part only.
    if (/Input\/output error|EIO/.test(message) && freeBytesOf(this.#folder) < bytes + SPACE_BYTES_MIN) {
      return new DiskFullError(this.#folder, cause);
    }
    if (/MDB_(CORRUPTED|INVALID|PAGE_NOTFOUND|VERSION_MISMATCH|PANIC)/.test(message)) {
      return new CorruptJournalError(this.#folder, cause);
    }
    return new DiskFailedError(this.#folder, cause);
  }
}

/** Bytes of the pages that hold something, in the tree of records and in that of free pages. */
function liveBytesOf(stats: unknown): number {
  const { free, ...records } = stats as { free: TreeStats } & TreeStats;
  return (pagesOf(records) + pagesOf(free)) * records.pageSize;
}

interface TreeStats {
  readonly pageSize: number;
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
}

function pagesOf({ treeBranchPageCount, treeLeafPageCount, overflowPages }: TreeStats): number {
  return treeBranchPageCount + treeLeafPageCount + overflowPages;
}

function freeBytesOf(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}
