import type { AbortReason } from '../../machines/two-phase-commit/client-messages.ts';
import type { Value } from '../../machines/two-phase-commit/transaction.ts';
import { encodeTransaction } from '../../machines/two-phase-commit/transaction-bytes.ts';
import { keyProblemOf, valueProblemOf } from '../applications/key-value-bounds.ts';
import { UnknownTransactionError } from '../errors.ts';
import type { VersionedValue } from './follower-reads.ts';
import type { Committed } from './handed-in.ts';

/** How long to wait for an answer. */
export interface TransactionOptions {
  readonly timeoutMs?: number;
}

/** Whether all of a transaction happened, or nothing of it. */
export type TransactionOutcome = Committed['outcome'];

/** Why nothing of a transaction happened. */
export type { AbortReason };

/** What a transaction needs of its client. */
export interface TransactionSurroundings {
  read(key: string, options: TransactionOptions): Promise<VersionedValue>;
  commit(transaction: Uint8Array, options: TransactionOptions): Promise<Committed>;
  /** It is no longer open. */
  ended(): void;
}

/** Whose checks they are, for messages. */
const STORE = '2pc';

/**
 * Several reads and changes that happen together or not at all. Until the commit the changes are the client's alone, and
 * its reads see them; after it, or after `abort`, every method fails with `SYNOD_UNKNOWN_TRANSACTION`. Make one by
 * `client.begin()`.
 */
export class Transaction {
  readonly #surroundings: TransactionSurroundings;
  readonly #reads = new Map<string, VersionedValue>();
  readonly #conditions = new Map<string, Value | null>();
  readonly #writes = new Map<string, Value | null>();
  /** A condition on what this transaction itself has written does not hold. */
  #contradictsItself = false;
  #isOpen = true;
  #abortReason: AbortReason | undefined;

  /** Use `client.begin()`. */
  constructor(surroundings: TransactionSurroundings) {
    this.#surroundings = surroundings;
  }

  /** Whether it was neither committed nor aborted. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Why the commit came to nothing; undefined unless it did. `conflict`: done again, it may succeed. */
  get abortReason(): AbortReason | undefined {
    return this.#abortReason;
  }

  /**
   * The value of a key: what this transaction has set it to, else what is committed, as of the first read; undefined for
   * none. Two reads may be of different moments, and then the commit comes to nothing: only after it was committed is
   * it certain that all that was read stood there at once. @throws TimeoutError, NoFollowerError: it stays open.
   */
  async get(key: string, options: TransactionOptions = {}): Promise<Value | undefined> {
    this.#assertOpen('a read');
    checkKey(key);
    const written = this.#writes.get(key);
    if (written !== undefined) return written ?? undefined;
    const [, value] = this.#reads.get(key) ?? (await this.#read(key, options));
    return value ?? undefined;
  }

  /** Sets a key, whatever it was. */
  put(key: string, value: Value): void {
    this.#assertOpen('a put');
    checkKey(key);
    checkValue(value);
    this.#writes.set(key, copyOf(value));
  }

  /** Deletes a key, if it is there. */
  delete(key: string): void {
    this.#assertOpen('a delete');
    checkKey(key);
    this.#writes.set(key, null);
  }

  /** Sets a key if its value is `expected` at the commit (undefined: if it has none); else all comes to nothing. */
  compareAndSet(key: string, expected: Value | undefined, value: Value): void {
    this.#assertOpen('a compare-and-set');
    checkKey(key);
    if (expected !== undefined) checkValue(expected);
    checkValue(value);
    const written = this.#writes.get(key);
    if (written === undefined) this.#conditions.set(key, copyOf(expected ?? null));
    else if (!isSame(written, expected ?? null)) this.#contradictsItself = true;
    this.#writes.set(key, copyOf(value));
  }

  /**
   * Makes it happen, all of it at one moment, if what it has read is still so and its conditions hold; else nothing of it
   * happens, and {@link abortReason} says why.
   * @throws UnknownOutcomeError: it has happened or not; TimeoutError: it may happen yet; NoLeaderError,
   * OverloadedError: it has not happened and will not. BadTransactionError: it is too large, and stays open.
   */
  async commit(options: TransactionOptions = {}): Promise<TransactionOutcome> {
    this.#assertOpen('a commit');
    const transaction = encodeTransaction({
      reads: [...this.#reads].map(([key, [version]]) => [key, version]),
      conditions: [...this.#conditions],
      writes: [...this.#writes],
    });
    this.#end();
    const committed = await this.#decide(transaction, options);
    if (committed.outcome === 'aborted') this.#abortReason = committed.reason;
    return committed.outcome;
  }

  /** Forgets it: nothing of it happens. */
  abort(): void {
    this.#assertOpen('an abort');
    this.#end();
  }

  async #read(key: string, options: TransactionOptions): Promise<VersionedValue> {
    const found = await this.#surroundings.read(key, options);
    this.#assertOpen('a read');
    // Two reads of a key at once: the first to be answered counts for both.
    const known = this.#reads.get(key);
    if (known !== undefined) return known;
    this.#reads.set(key, found);
    return found;
  }

  async #decide(transaction: Uint8Array, options: TransactionOptions): Promise<Committed> {
    if (this.#contradictsItself) return { outcome: 'aborted', reason: 'condition' };
    const isEmpty = this.#reads.size === 0 && this.#writes.size === 0;
    return isEmpty ? { outcome: 'committed' } : this.#surroundings.commit(transaction, options);
  }

  #end(): void {
    this.#isOpen = false;
    this.#surroundings.ended();
  }

  #assertOpen(what: string): void {
    if (!this.#isOpen) throw new UnknownTransactionError(what);
  }
}

/** @throws BadOperationError, KeyTooLargeError. */
export function checkKey(key: unknown): void {
  const problem = keyProblemOf(STORE, key);
  if (problem !== undefined) throw problem;
}

function checkValue(value: unknown): void {
  const problem = valueProblemOf(STORE, value);
  if (problem !== undefined) throw problem;
}

/** What the caller does with a binary afterwards must not show. */
function copyOf<V extends Value | null>(value: V): V | Uint8Array {
  return value instanceof Uint8Array ? new Uint8Array(value) : value;
}

function isSame(value: Value | null, expected: Value | null): boolean {
  if (value instanceof Uint8Array && expected instanceof Uint8Array)
    return Buffer.compare(value, expected) === 0;
  return value === expected;
}
