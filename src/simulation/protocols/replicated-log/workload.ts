import type { Random } from '../../../../actors/random.ts';
import { chatOperation, chatroom } from '../../../applications/chatroom.ts';
import type { Ending, HistoryRecorder, Value } from '../../../checks/index.ts';
import type { Client } from '../../../client/client.ts';
import { NoQuorumError, TimeoutError } from '../../../errors.ts';
import { type KeyValueStore, openKeyValueStore } from '../../../key-value-store.ts';
import type { Author } from '../../invariants/exactly-once-in-order.ts';
import { ledger } from './ledger.ts';

export interface WorkloadOptions {
  readonly client: Client;
  readonly random: Random;
  /** Takes down what all clients do with the store. */
  readonly recorder: HistoryRecorder;
  readonly pause: (ms: number) => Promise<void>;
  readonly keys: readonly string[];
  readonly timeoutMs: number;
  /** It only gets: a node that serves reads alone keeps it, however far behind the others that is. */
  readonly readsOnly: boolean;
  /** Most calls in one burst; it waits for all of them before the next. */
  readonly burstMax: number;
  readonly pauseMsMax: number;
}

/** A number by which a get is called. */
const GET = 0.5;
const UNKNOWN = Symbol('unknown');

/** What one client does, at random: puts, gets, deletes, compare-and-sets, chat messages, ledger entries, many at once. */
export class Workload {
  readonly #options: WorkloadOptions;
  readonly #store: KeyValueStore;
  readonly #acknowledged = { ledger: new Set<number>(), chat: new Set<number>() };
  readonly #asked = { ledger: 0, chat: 0 };
  #values = 0;
  #calls = 0;
  /** What it has read or written last, by key. */
  readonly #known = new Map<string, string | null>();
  #stopped = false;

  constructor(options: WorkloadOptions) {
    this.#options = options;
    this.#store = openKeyValueStore(options.client);
  }

  /** Works until {@link stop}; resolves when the last call has returned. */
  async run(): Promise<void> {
    const { random, pause, burstMax, pauseMsMax } = this.#options;
    while (!this.#stopped) {
      await Promise.all(Array.from({ length: random.integer(1, burstMax) }, () => this.#callSomething()));
      await pause(random.next() * pauseMsMax);
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  get entries(): Author {
    return {
      name: this.#options.client.name,
      asked: this.#asked.ledger,
      acknowledged: this.#acknowledged.ledger,
    };
  }

  get messages(): Author {
    return {
      name: this.#options.client.name,
      asked: this.#asked.chat,
      acknowledged: this.#acknowledged.chat,
    };
  }

  #callSomething(): Promise<void> {
    const { random, readsOnly } = this.#options;
    const chance = readsOnly ? GET : random.next();
    if (chance < 0.25) return this.#write();
    if (chance < 0.35) return this.#say();
    return this.#callRegister(this.#options.keys[random.integer(0, this.#options.keys.length - 1)]!, chance);
  }

  async #write(): Promise<void> {
    const { client, timeoutMs } = this.#options;
    this.#asked.ledger += 1;
    const number = this.#asked.ledger;
    if ((await known(client.execute(ledger, [client.name, number], { timeoutMs }))) !== UNKNOWN)
      this.#acknowledged.ledger.add(number);
  }

  async #say(): Promise<void> {
    const { client, timeoutMs } = this.#options;
    this.#asked.chat += 1;
    const number = this.#asked.chat;
    const operation = chatOperation.send(client.name, String(number));
    if ((await known(client.execute(chatroom, operation, { timeoutMs }))) !== UNKNOWN)
      this.#acknowledged.chat.add(number);
  }

  async #callRegister(key: string, chance: number): Promise<void> {
    const { client, timeoutMs, random } = this.#options;
    const limit = { timeoutMs };
    const value = `${client.name}.${++this.#values}`;
    if (chance < 0.65) {
      const got = await this.#record('get', key, null, () => this.#store.get(key, limit), toRead);
      if (got !== UNKNOWN) this.#known.set(key, toRead(got).value);
    } else if (chance < 0.85) {
      await this.#record(
        'put',
        key,
        value,
        () => this.#store.put(key, value, limit),
        () => ({}),
      );
      this.#known.set(key, value);
    } else if (chance < 0.9) {
      await this.#record('delete', key, null, () => this.#store.delete(key, limit), toApplied);
    } else {
      const expected = this.#someValue(key, random);
      const call = () => this.#store.compareAndSet(key, expected ?? undefined, value, limit);
      await this.#record('cas', key, [expected, value], call, toApplied);
      this.#known.set(key, value);
    }
  }

  /** Calls, and takes it down. Each call is a process of its own, for a client makes many at once. */
  async #record(
    f: string,
    key: string,
    value: Value,
    call: () => Promise<unknown>,
    endingOf: (result: unknown) => Ending,
  ): Promise<unknown> {
    const { client, recorder } = this.#options;
    const end = recorder.invoke({ process: `${client.name}.${++this.#calls}`, f, key, value });
    const result = await known(call());
    if (result === UNKNOWN) end('info');
    else end('ok', endingOf(result));
    return result;
  }

  /** A value that this client has read or written last, so that some compare-and-sets succeed. */
  #someValue(key: string, random: Random): string | null {
    return random.next() < 0.1 ? null : (this.#known.get(key) ?? null);
  }
}

function toRead(got: unknown): { readonly value: string | null } {
  return { value: (got as string | undefined) ?? null };
}

function toApplied(applied: unknown): Ending {
  return { applied: applied as boolean };
}

/** The result, or that it is not known: an operation that was not answered may have happened, and may happen yet. */
async function known(result: Promise<unknown>): Promise<unknown> {
  try {
    return await result;
  } catch (error) {
    if (error instanceof TimeoutError || error instanceof NoQuorumError) return UNKNOWN;
    throw error;
  }
}
