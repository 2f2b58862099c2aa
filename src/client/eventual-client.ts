import { prepareOperation } from '../../machines/eventual/operations.ts';
import { ClosedError, OverloadedError } from '../errors.ts';
import type { PendingWrite } from './attachment.ts';
import type { ClientOptions } from './client.ts';
import type { Gateway } from './gateway.ts';
import type { PendingRead } from './reading.ts';
import type { Step } from './steps.ts';
import { StoreSession } from './store-session.ts';
import type { StoreValue } from './store-value.ts';
import type { WriteOrder } from './write-order.ts';

/** What a client needs of its cluster. */
export interface EventualClientSurroundings {
  /** The server to stand at. */
  readonly server: string;
  readonly order: WriteOrder;
  /** The name of a server. @throws SynodError for a number that is none's. */
  nameOf(node: number): string;
  /** The client was disposed of. */
  readonly closed: () => void;
}

const TIMEOUT_MS = 10_000;
const IN_FLIGHT_MAX = 65_536;

/**
 * A client of an eventually consistent store, with its session. It stands at one server and takes the session along
 * when it moves to another: it reads its own writes and never anything older than what it has read, and its
 * writes follow both. Where a server lacks that past, a read fails; a write is always taken.
 *
 * What it is asked for happens in the order of the calls, though no call waits for the one before: writes that follow
 * one another are under way together, reads and moves wait for the writes before them. Make one by `cluster.client()`.
 */
export class EventualClient implements AsyncDisposable {
  readonly name: string;
  readonly #gateway: Gateway;
  readonly #session: StoreSession;
  readonly #surroundings: EventualClientSurroundings;
  readonly #timeoutMs: number;
  readonly #inFlightMax: number;
  #inFlight = 0;
  #idleWaiters: (() => void)[] = [];
  #closed = false;

  /** Use `cluster.client()`. */
  constructor(name: string, gateway: Gateway, options: ClientOptions & EventualClientSurroundings) {
    const { timeoutMs = TIMEOUT_MS, inFlightMax = IN_FLIGHT_MAX, order, server } = options;
    this.name = name;
    this.#gateway = gateway;
    this.#session = new StoreSession(name, gateway, order, server);
    this.#surroundings = options;
    this.#timeoutMs = timeoutMs;
    this.#inFlightMax = inFlightMax;
  }

  /** The server that it stands at; undefined after {@link leave}. Calls that have not begun may yet change that. */
  get node(): number | undefined {
    const { server } = this.#session;
    return server === undefined ? undefined : Number(server);
  }

  /** Puts, deletes and gets that no answer has come for. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /**
   * Stores a value. Resolves when the server has it on disk; the others hear of it later.
   * @throws UnreachableError, OverloadedError: it was not begun. UnknownOutcomeError: it was stored or not. TimeoutError:
   *   it may have been stored, or be yet, before any later write of this client at this server. BadOperationError,
   *   TypeError: no key, or no value, that can be stored.
   */
  put(key: string, value: StoreValue, options: { readonly timeoutMs?: number } = {}): Promise<void> {
    return this.#write('a put', key, value, options);
  }

  /** Deletes a key, whether there is such a key or not. As {@link put}. */
  delete(key: string, options: { readonly timeoutMs?: number } = {}): Promise<void> {
    return this.#write('a delete', key, undefined, options);
  }

  /**
   * The value of a key; undefined for none.
   * @throws DependencyError when the server does not yet hold what this session has read and written, whatever the key;
   *   UnreachableError; TimeoutError.
   */
  get(
    key: string,
    { timeoutMs = this.#timeoutMs }: { readonly timeoutMs?: number } = {},
  ): Promise<StoreValue | undefined> {
    return this.#begin('a get', (resolve, reject) => {
      const deadlineMs = this.#gateway.clock.now() + timeoutMs;
      const read: PendingRead = { key, timeoutMs, deadlineMs, resolve, reject, settled: false };
      return { kind: 'read', read };
    });
  }

  /**
   * Goes to another server, dead or alive, and takes the session along. Resolves when it has: when all that it has
   * written before is answered, or given up.
   * @throws SynodError `SYNOD_NO_SUCH_NODE`.
   */
  async moveTo(node: number): Promise<void> {
    await this.#move(this.#surroundings.nameOf(node));
  }

  /** Stands at no server any more; keeps its session. Resolves as {@link moveTo}. */
  leave(): Promise<void> {
    return this.#move(undefined);
  }

  /** Resolves when no put, delete or get of this client is under way. */
  idle(): Promise<void> {
    if (this.#inFlight === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#session.close();
    this.#surroundings.closed();
  }

  #write(
    what: PendingWrite['what'],
    key: string,
    value: StoreValue | undefined,
    { timeoutMs = this.#timeoutMs }: { readonly timeoutMs?: number },
  ): Promise<void> {
    return this.#begin<void>(what, (resolve, reject) => {
      // Now: what the caller does with the value meanwhile must not show.
      const operation = prepareOperation({ key, value });
      const deadlineMs = this.#gateway.clock.now() + timeoutMs;
      const write: PendingWrite = { what, operation, timeoutMs, deadlineMs, resolve, reject, settled: false };
      return { kind: 'write', write };
    });
  }

  #begin<Value>(
    what: string,
    stepOf: (resolve: (value: Value) => void, reject: (error: Error) => void) => Step,
  ): Promise<Value> {
    if (this.#closed) return Promise.reject(new ClosedError(what));
    if (this.#inFlight >= this.#inFlightMax)
      return Promise.reject(new OverloadedError(what, this.#inFlightMax));
    return new Promise<Value>((resolve, reject) => {
      const step = stepOf(
        (value) => {
          this.#noteSettled();
          resolve(value);
        },
        (error) => {
          this.#noteSettled();
          reject(error);
        },
      );
      this.#inFlight += 1;
      this.#session.begin(step);
    });
  }

  async #move(server: string | undefined): Promise<void> {
    if (this.#closed) throw new ClosedError('a move');
    await new Promise<void>((resolve) => this.#session.begin({ kind: 'move', move: { server, resolve } }));
  }

  #noteSettled(): void {
    this.#inFlight -= 1;
    if (this.#inFlight === 0) for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }
}
