import { open, type RootDatabase } from 'lmdb';
import { CorruptJournalError, DiskFullError } from '../errors.ts';
import { boundsBelowBytes } from './key-bytes.ts';
import { ENVIRONMENT } from './lmdb-options.ts';
import { holdsClear, unpackTransaction } from './packed-transaction.ts';
import { realClock } from './real-time.ts';
import { DiskFailedError, messageOf } from './thread-errors.ts';
import { verifyEnvironment } from './verify-environment.ts';

/** Keys that a clear holds in memory at a time. */
const CLEAR_KEYS_MAX = 512;

/** Told of an environment's transactions, in the order in which they were written. */
export interface EnvironmentListener {
  /** So many more transactions are on disk. */
  durable(transactions: number): void;
  /** None of the transactions from here on will be on disk. */
  failed(error: Error): void;
}

/**
 * One node's LMDB environment, as its only writer sees it. Transactions that arrive while a flush is under way
 * share the next one:
 *
 *   idle ──write──▶ gathering ──end of this turn of the event loop──▶ flushing ──on disk──▶ idle, or gathering
 *                   (more join)                                      (more wait)            what has waited
 *
 * Only one LMDB transaction is under way at a time, so that nothing is written after one that failed.
 */
export class Environment {
  readonly #folder: string;
  readonly #db: RootDatabase<Buffer, Uint8Array>;
  #listener: EnvironmentListener | undefined;
  #state: 'idle' | 'gathering' | 'flushing' = 'idle';
  #waiting: Uint8Array[] = [];
  #gathered = 0;
  #failure: Error | undefined;
  #whenIdle: (() => void)[] = [];

  /** @throws CorruptJournalError when the folder holds something that is no journal, or a damaged one. */
  constructor(folder: string, journalBytesMax: number) {
    this.#folder = folder;
    verifyEnvironment(folder);
    try {
      this.#db = open<Buffer, Uint8Array>(folder, { ...ENVIRONMENT, mapSize: journalBytesMax });
    } catch (cause) {
      throw this.#errorOf(cause);
    }
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
    if (this.#state === 'gathering' && this.#waiting.length === 0 && !holdsClear(transaction)) {
      this.#put(transaction);
    } else {
      this.#waiting.push(transaction);
      if (this.#state === 'idle') this.#next();
    }
  }

  /** Resolves when nothing is under way or waits. */
  async drained(): Promise<void> {
    if (this.#state !== 'idle') await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  /** Lets go of the files, when what is under way is done. */
  async close(): Promise<void> {
    await this.drained();
    await this.#db.close();
  }

  #next(): void {
    const first = this.#waiting[0];
    if (first === undefined) {
      this.#state = 'idle';
      for (const resolve of this.#whenIdle.splice(0)) resolve();
      return;
    }
    if (holdsClear(first)) {
      this.#waiting.shift();
      this.#gathered = 1;
      this.#state = 'flushing';
      this.#settle(this.#writeInside(first));
    } else {
      this.#gather();
    }
  }

  /** Puts all that may share a flush. The binding commits together what is put in one turn of the event loop. */
  #gather(): void {
    this.#state = 'gathering';
    this.#gathered = 0;
    let committed: Promise<unknown> | undefined;
    let taken = 0;
    while (taken < this.#waiting.length && !holdsClear(this.#waiting[taken]!)) {
      committed = this.#put(this.#waiting[taken]!) ?? committed;
      taken += 1;
    }
    this.#waiting.splice(0, taken);
    // The binding has asked for its own turn's end before us: when this runs, its transaction is closed.
    realClock.soon(() => {
      this.#state = 'flushing';
      this.#settle(committed ?? Promise.resolve());
    });
  }

  #put(transaction: Uint8Array): Promise<unknown> | undefined {
    this.#gathered += 1;
    let committed: Promise<unknown> | undefined;
    for (const write of unpackTransaction(transaction)) {
      committed =
        write.operation === 'put'
          ? this.#db.put(write.key, asBuffer(write.record))
          : this.#db.remove(write.key);
    }
    return committed;
  }

  /** Writes a transaction step by step inside LMDB's own, which can read what it has written so far. */
  #writeInside(transaction: Uint8Array): Promise<unknown> {
    return this.#db.transaction(() => {
      for (const write of unpackTransaction(transaction)) {
        if (write.operation === 'put') this.#db.putSync(write.key, asBuffer(write.record));
        else if (write.operation === 'delete') this.#db.removeSync(write.key);
        else this.#clear(write.key);
      }
    });
  }

  #clear(prefix: Uint8Array): void {
    const bounds = boundsBelowBytes(prefix);
    for (;;) {
      const keys = [...this.#db.getKeys({ ...bounds, limit: CLEAR_KEYS_MAX })];
      for (const key of keys) this.#db.removeSync(key);
      if (keys.length < CLEAR_KEYS_MAX) return;
    }
  }

  #settle(committed: Promise<unknown>): void {
    committed.then(
      () => {
        this.#listener?.durable(this.#gathered);
        this.#next();
      },
      async (refusal: unknown) => {
        const cause = await causeOf(refusal);
        this.#failure = this.#errorOf(cause);
        this.#waiting = [];
        this.#listener?.failed(this.#failure);
        this.#next();
      },
    );
  }

  #errorOf(cause: unknown): Error {
    const message = messageOf(cause);
    if (/MDB_MAP_FULL|ENOSPC|EDQUOT|No space left|quota/i.test(message))
      return new DiskFullError(this.#folder, cause);
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

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
