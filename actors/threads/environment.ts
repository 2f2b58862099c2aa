import { closeSync, fstatSync, openSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import type { Cancel } from '../clock.ts';
import { CorruptJournalError, DiskFullError } from '../errors.ts';
import { boundsBelowBytes } from '../key-bytes.ts';
import { payloadOf, recordOf } from '../packed-writes.ts';
import { ENVIRONMENT } from './lmdb-options.ts';
import { holdsClear, putsAnything, unpackTransaction } from './packed-transaction.ts';
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
 * One node's LMDB environment, as its only writer sees it. Transactions that arrive while a flush is under way, or for
 * `collectMs` after it, share the next one:
 *
 *   idle ──write──▶ collecting ──collectMs──▶ gathering ──end of this turn of the event loop──▶ flushing ──on disk──▶ idle, or
 *                   (more join)               (more join)                                      (more wait)           collecting
 *
 * What was collected is written inside one transaction on this thread, from collecting to idle in one step; so is what
 * clears. Only one LMDB transaction is under way at a time, so that nothing is written after one that failed.
 */
export class Environment {
  readonly #folder: string;
  readonly #journalBytesMax: number;
  readonly #collectMs: number;
  readonly #db: RootDatabase<Uint8Array, Uint8Array>;
  readonly #file: number;
  #listener: EnvironmentListener | undefined;
  #state: 'idle' | 'collecting' | 'gathering' | 'flushing' = 'idle';
  #collectedBytes = 0;
  /** When the last flush ended. */
  #flushedMs = Number.NEGATIVE_INFINITY;
  #cancelCollecting: Cancel = () => {};
  #waiting: Uint8Array[] = [];
  /** The transactions that share the flush under way, how large they are, and when it ends. */
  #gathered = 0;
  #gatheredBytes = 0;
  #committed: Promise<unknown> | undefined;
  /** How large the file was when that began. */
  #fileBytes = 0;
  #failure: Error | undefined;
  #whenIdle: (() => void)[] = [];

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
      throw this.#errorOf(cause);
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
  async claim(owner: string): Promise<void> {
    const record = this.#db.get(OWNER_KEY);
    const payload = record && payloadOf(OWNER_KEY, record);
    if (payload === undefined) {
      await this.#db.put(OWNER_KEY, recordOf(OWNER_KEY, Buffer.from(owner)));
      await this.#db.flushed;
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
    if (this.#state === 'gathering' && this.#joins(transaction)) {
      this.#put(transaction);
    } else {
      this.#waiting.push(transaction);
      this.#collectedBytes += transaction.byteLength;
      if (this.#state === 'idle') this.#collect();
      else if (this.#state === 'collecting' && this.#collectedBytes >= COLLECTED_BYTES_MAX) this.#next();
    }
  }

  /** Resolves when nothing is under way or waits. */
  async drained(): Promise<void> {
    if (this.#state === 'collecting') this.#next();
    if (this.#state !== 'idle') await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  /** Lets go of the files, when what is under way is done. */
  async close(): Promise<void> {
    await this.drained();
    await this.#db.close();
    closeSync(this.#file);
  }

  /** Waits for company, not for long where there was none; unless somebody waits for the end. */
  #collect(): void {
    if (this.#collectMs === 0 || this.#whenIdle.length > 0 || this.#waiting.length === 0) {
      this.#next();
      return;
    }
    const waitMs = this.#flushedMs + this.#collectMs - realClock.now();
    this.#state = 'collecting';
    // A thread that was busy with other stores has more for this one in its queue.
    this.#cancelCollecting = realClock.after(Math.max(waitMs, COLLECT_MS_MIN), () => this.#next());
  }

  #next(): void {
    this.#cancelCollecting();
    this.#collectedBytes = 0;
    const first = this.#waiting[0];
    if (first === undefined) {
      this.#state = 'idle';
      for (const resolve of this.#whenIdle.splice(0)) resolve();
      return;
    }
    this.#gathered = 0;
    this.#gatheredBytes = 0;
    this.#committed = undefined;
    this.#fileBytes = fstatSync(this.#file).size;
    if (!this.#hasRoomFor(first)) this.#fail(new Error(`journalBytesMax is ${this.#journalBytesMax} bytes`));
    else if (this.#collectMs > 0 || holdsClear(first)) this.#writeInside();
    else this.#gather();
  }

  /** Puts all that may share a flush. The binding commits together what is put in one turn of the event loop. */
  #gather(): void {
    this.#state = 'gathering';
    let taken = 0;
    const waiting = this.#waiting;
    this.#waiting = [];
    while (taken < waiting.length && this.#joins(waiting[taken]!)) {
      this.#put(waiting[taken]!);
      taken += 1;
    }
    this.#waiting = waiting.slice(taken);
    // The binding has asked for its own turn's end before us: when this runs, its transaction is closed.
    realClock.soon(() => {
      this.#state = 'flushing';
      this.#settle();
    });
  }

  /** Whether a transaction may share the flush that is being gathered. One that clears must see what stands there. */
  #joins(transaction: Uint8Array): boolean {
    return this.#waiting.length === 0 && !holdsClear(transaction) && this.#hasRoomFor(transaction);
  }

  /** LMDB's binding lets its file grow beyond what it was told; so the bound is kept here. */
  #hasRoomFor(transaction: Uint8Array): boolean {
    const bytes = this.#gatheredBytes + transaction.byteLength;
    if (this.#fileBytes + bytes <= this.#journalBytesMax || !putsAnything(transaction)) return true;
    // The file never shrinks: what was deleted in it is room, too. Half-full pages take twice their content.
    this.#db.resetReadTxn();
    return liveBytesOf(this.#db.getStats()) + 2 * bytes <= this.#journalBytesMax;
  }

  #put(transaction: Uint8Array): void {
    this.#gathered += 1;
    this.#gatheredBytes += transaction.byteLength;
    for (const write of unpackTransaction(transaction)) {
      this.#committed =
        write.operation === 'put' ? this.#db.put(write.key, write.record) : this.#db.remove(write.key);
    }
  }

  /**
   * Writes all that may share a flush inside one transaction of LMDB's, on this thread: where much is collected, this
   * spares the binding's objects for each write, and leaves libuv's few threads to those who wait for a flush. And a
   * write sees those before it, as one that clears must.
   */
  #writeInside(): void {
    let count = 0;
    while (count < this.#waiting.length && this.#hasRoomFor(this.#waiting[count]!))
      this.#gatheredBytes += this.#waiting[count++]!.byteLength;
    const transactions = this.#waiting.splice(0, count);
    try {
      this.#db.transactionSync(() => {
        for (const transaction of transactions) {
          for (const write of unpackTransaction(transaction)) {
            if (write.operation === 'put') this.#db.putSync(write.key, write.record);
            else if (write.operation === 'delete') this.#db.removeSync(write.key);
            else this.#clear(write.key);
          }
        }
      });
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#flushedMs = realClock.now();
    this.#listener?.durable(count);
    this.#collect();
  }

  #clear(prefix: Uint8Array): void {
    const bounds = boundsBelowBytes(prefix);
    for (;;) {
      const keys = [...this.#db.getKeys({ ...bounds, limit: CLEAR_KEYS_MAX })];
      for (const key of keys) this.#db.removeSync(key);
      if (keys.length < CLEAR_KEYS_MAX) return;
    }
  }

  #settle(): void {
    // A put hands out a promise, and the turn's end makes another; both reject when the commit fails.
    const committed = this.#committed === undefined ? undefined : this.#db.committed;
    Promise.all([this.#committed, committed]).then(
      () => {
        this.#flushedMs = realClock.now();
        this.#listener?.durable(this.#gathered);
        this.#collect();
      },
      async (refusal: unknown) => this.#fail(await causeOf(refusal)),
    );
  }

  #fail(cause: unknown): void {
    this.#failure = this.#errorOf(cause);
    this.#waiting = [];
    this.#listener?.failed(this.#failure);
    this.#next();
  }

  #errorOf(cause: unknown): Error {
    const message = messageOf(cause);
    if (
      /journalBytesMax|MDB_MAP_FULL|ENOSPC|EDQUOT|EFBIG|No space left|quota|File too large/i.test(message)
    ) {
      return new DiskFullError(this.#folder, cause);
    }
    // LMDB calls it an input/output error when the disk took a part only.
    if (
      /Input\/output error|EIO/.test(message) &&
      freeBytesOf(this.#folder) < this.#gatheredBytes + SPACE_BYTES_MIN
    ) {
      return new DiskFullError(this.#folder, cause);
    }
    if (/MDB_(CORRUPTED|INVALID|PAGE_NOTFOUND|VERSION_MISMATCH|PANIC)/.test(message)) {
      return new CorruptJournalError(this.#folder, cause);
    }
    return new DiskFailedError(this.#folder, cause);
  }
}

/** The binding says that a commit failed, and promises to say why. */
async function causeOf(refusal: unknown): Promise<unknown> {
  if (!(refusal instanceof Error) || !('commitError' in refusal)) return refusal;
  try {
    await refusal.commitError;
    return refusal;
  } catch (cause) {
    return cause;
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
