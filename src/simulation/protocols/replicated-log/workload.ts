import type { Random } from '../../../../actors/random.ts';
import type { RegisterCall } from '../../../../test/simulation/support/linearizability.ts';
import { chatOperation, chatroom } from '../../../applications/chatroom.ts';
import type { Client } from '../../../client/client.ts';
import { NoQuorumError, TimeoutError } from '../../../errors.ts';
import { type KeyValueStore, openKeyValueStore } from '../../../key-value-store.ts';
import type { Author } from '../../invariants/exactly-once-in-order.ts';
import { ledger } from './ledger.ts';

export interface WorkloadOptions {
  readonly client: Client;
  readonly random: Random;
  /** Counts up with everything that any client does: the order of calls and returns. */
  readonly tick: () => number;
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
  readonly calls: RegisterCall[] = [];
  readonly #options: WorkloadOptions;
  readonly #store: KeyValueStore;
  readonly #acknowledged = { ledger: new Set<number>(), chat: new Set<number>() };
  readonly #asked = { ledger: 0, chat: 0 };
  #values = 0;
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
    const { client, tick, timeoutMs, random } = this.#options;
    const invoked = tick();
    const note = (call: RegisterCall['call'], result: unknown) => {
      const returned = result === UNKNOWN ? Number.POSITIVE_INFINITY : tick();
      this.calls.push({ client: client.name, key, invoked, returned, call });
    };
    const limit = { timeoutMs };
    const value = `${client.name}.${++this.#values}`;
    if (chance < 0.65) {
      const got = await known(this.#store.get(key, limit));
      if (got !== UNKNOWN) note({ kind: 'get', value: (got as string | undefined) ?? null }, got);
    } else if (chance < 0.85) {
      note({ kind: 'put', value }, await known(this.#store.put(key, value, limit)));
    } else if (chance < 0.9) {
      const existed = await known(this.#store.delete(key, limit));
      note({ kind: 'delete', existed: existed === UNKNOWN ? undefined : (existed as boolean) }, existed);
    } else {
      const expected = this.#someValue(key, random);
      const set = await known(this.#store.compareAndSet(key, expected ?? undefined, value, limit));
      note(
        { kind: 'compareAndSet', expected, value, set: set === UNKNOWN ? undefined : (set as boolean) },
        set,
      );
    }
  }

  /** A value that this client has read or written last, so that some compare-and-sets succeed. */
  #someValue(key: string, random: Random): string | null {
    if (random.next() < 0.1) return null;
    for (let index = this.calls.length - 1; index >= 0; index--) {
      const { key: ofKey, call } = this.calls[index]!;
      if (ofKey === key && 'value' in call) return call.value;
    }
    return null;
  }
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
