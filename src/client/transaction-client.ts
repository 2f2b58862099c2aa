import type { Message } from '../../actors/envelope.ts';
import type { Redirect } from '../../machines/paxos-commit/messages.ts';
import type {
  Opened,
  Outcomes,
  Unavailable,
  Values,
} from '../../machines/two-phase-commit/client-messages.ts';
import type { Value } from '../../machines/two-phase-commit/transaction.ts';
import { TransactionOpenError } from '../errors.ts';
import type { ClientOptions } from './client.ts';
import { Commits } from './commits.ts';
import { FollowerReads, type VersionedValue } from './follower-reads.ts';
import type { Gateway, GatewayUser } from './gateway.ts';
import { checkKey, Transaction, type TransactionOptions, type TransactionOutcome } from './transaction.ts';

/** What a client needs of its cluster. */
export interface TransactionClientSurroundings {
  /** The nodes that decide: one, or several of which one leads. */
  readonly leaders: readonly string[];
  /** The followers that live. */
  followers(): readonly string[];
  /** The client was disposed of. */
  closed(): void;
}

const TIMEOUT_MS = 10_000;
const IN_FLIGHT_MAX = 65_536;

/**
 * A client of a store with transactions. Make one by `cluster.client()`. Its single calls are transactions of their own,
 * and any number of them may be under way at once.
 */
export class TransactionClient implements AsyncDisposable {
  readonly name: string;
  readonly #gateway: Gateway;
  readonly #commits: Commits;
  readonly #reads: FollowerReads;
  readonly #timeoutMs: number;
  readonly #tellClosed: () => void;
  #open: Transaction | undefined;

  /** Use `cluster.client()`. */
  constructor(name: string, gateway: Gateway, options: ClientOptions & TransactionClientSurroundings) {
    const { timeoutMs = TIMEOUT_MS, inFlightMax = IN_FLIGHT_MAX, leaders, closed } = options;
    this.name = name;
    this.#gateway = gateway;
    this.#timeoutMs = timeoutMs;
    this.#tellClosed = closed;
    this.#commits = new Commits(name, gateway, leaders, inFlightMax);
    this.#reads = new FollowerReads(name, gateway, () => options.followers());
    const user: GatewayUser = {
      position: 0,
      receive: (message, node) => this.#receive(message, node),
      flush: () => this.#commits.flush(),
      tick: (nowMs) => {
        const commitsWait = this.#commits.tick(nowMs);
        return this.#reads.tick(nowMs) || commitsWait;
      },
      nodeEnded: (node) => {
        this.#commits.nodeEnded(node);
        this.#reads.nodeEnded(node);
      },
      nodeStarted: (node) => {
        this.#commits.nodeStarted(node);
        this.#reads.nodeStarted();
      },
    };
    gateway.join(name, user);
    this.#commits.open();
  }

  /** Commits that no answer has come for. */
  get inFlight(): number {
    return this.#commits.inFlight;
  }

  /** The transaction that is open, if any. */
  get open(): Transaction | undefined {
    return this.#open;
  }

  /** Begins a transaction; one is open at a time. @throws TransactionOpenError. */
  begin(): Transaction {
    if (this.#open !== undefined) throw new TransactionOpenError();
    const transaction = this.#makeTransaction(() => {
      this.#open = undefined;
    });
    this.#open = transaction;
    return transaction;
  }

  /** What is committed; undefined for none. It waits for what is undecided. @throws TimeoutError, NoFollowerError. */
  async get(key: string, options: TransactionOptions = {}): Promise<Value | undefined> {
    checkKey(key);
    const [, value] = await this.#read(key, options);
    return value ?? undefined;
  }

  /** Sets a key, as a transaction of its own. @throws as {@link Transaction.commit}. */
  async put(key: string, value: Value, options?: TransactionOptions): Promise<TransactionOutcome> {
    return this.#alone((transaction) => transaction.put(key, value), options);
  }

  /** Deletes a key, if it is there, as a transaction of its own. @throws as {@link Transaction.commit}. */
  async delete(key: string, options?: TransactionOptions): Promise<TransactionOutcome> {
    return this.#alone((transaction) => transaction.delete(key), options);
  }

  /**
   * Sets a key if its value is `expected` (undefined: if it has none), as a transaction of its own, which is aborted if
   * it is not. @throws as {@link Transaction.commit}.
   */
  async compareAndSet(
    key: string,
    expected: Value | undefined,
    value: Value,
    options?: TransactionOptions,
  ): Promise<TransactionOutcome> {
    return this.#alone((transaction) => transaction.compareAndSet(key, expected, value), options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#gateway.leave(this.name);
    this.#tellClosed();
    this.#commits.close();
    this.#reads.close();
  }

  #alone(
    change: (transaction: Transaction) => void,
    options?: TransactionOptions,
  ): Promise<TransactionOutcome> {
    const transaction = this.#makeTransaction(() => {});
    change(transaction);
    return transaction.commit(options);
  }

  #makeTransaction(ended: () => void): Transaction {
    return new Transaction({
      read: (key, options) => this.#read(key, options),
      commit: (transaction, { timeoutMs = this.#timeoutMs }) => this.#commits.commit(transaction, timeoutMs),
      ended,
    });
  }

  #read(key: string, { timeoutMs = this.#timeoutMs }: TransactionOptions): Promise<VersionedValue> {
    return this.#reads.read(key, timeoutMs);
  }

  #receive(message: Message, node: string): void {
    switch (message.type) {
      case 'opened':
        this.#commits.receiveOpened(message as Opened);
        return;
      case 'outcomes':
        this.#commits.receiveOutcomes(message as Outcomes);
        return;
      case 'values':
        this.#reads.receiveValues(message as Values);
        return;
      case 'unavailable':
        this.#reads.receiveUnavailable(message as Unavailable, node);
        return;
      case 'redirect':
        this.#commits.receiveRedirect(message as Redirect, node);
        return;
      case 'refused':
        this.#commits.receiveRefusal(node);
        this.#reads.receiveRefusal(node);
        return;
      default:
    }
  }
}
