import type { Random } from '../../../../actors/random.ts';
import type { Value, Write } from '../../../../machines/two-phase-commit/transaction.ts';
import type { TransactionClient } from '../../../client/transaction-client.ts';
import { NoFollowerError, NoLeaderError, TimeoutError, UnknownOutcomeError } from '../../../errors.ts';
import type { Attempt } from '../../invariants/clients-hear-the-truth.ts';
import { drawPlan, type Keys, type Plan, planForAll } from './plan.ts';
import { listIn, RecordedTransaction, type Recorders, textIn } from './recorded-transaction.ts';

export interface TransactionWorkloadOptions {
  readonly client: TransactionClient;
  /** No other workload's. */
  readonly name: string;
  readonly random: Random;
  readonly recorders: Recorders;
  readonly attempts: Attempt[];
  readonly pause: (ms: number) => Promise<void>;
  readonly keys: Keys;
  readonly timeoutMs: number;
  /** Most calls in one burst, beside a transaction; it waits for all of them before the next. */
  readonly burstMax: number;
  readonly pauseMsMax: number;
  /** Between two steps of a transaction. */
  readonly stepMsMax: number;
}

/** What its client knows of how a transaction ended. */
type Ending = 'ok' | 'fail' | 'info';

/** What one client does, at random: transactions of many steps, one after the other, and many single calls beside. */
export class TransactionWorkload {
  readonly #options: TransactionWorkloadOptions;
  readonly #endings = { ok: 0, fail: 0, info: 0 };
  /** What it has read or written last, by key, so that some compare-and-sets succeed. */
  readonly #known = new Map<string, string | null>();
  #calls = 0;
  #stopped = false;

  constructor(options: TransactionWorkloadOptions) {
    this.#options = options;
  }

  /** How its transactions ended; single puts, deletes and compare-and-sets are such. */
  get endings(): Readonly<Record<Ending, number>> {
    return this.#endings;
  }

  /** Works until {@link stop}; resolves when the last call has returned. */
  async run(): Promise<void> {
    const { random, pause, burstMax, pauseMsMax, keys } = this.#options;
    while (!this.#stopped) {
      const singles = Array.from({ length: random.integer(0, burstMax) }, () => this.#callSomething());
      await Promise.all([...singles, this.#transact(drawPlan(random, keys))]);
      await pause(random.next() * pauseMsMax);
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  /** A transaction that reads and writes every key that there is: why it came to nothing, or undefined. */
  async touchAll(): Promise<string | undefined> {
    return this.#transact(planForAll(this.#options.keys));
  }

  async #transact(plan: Plan): Promise<string | undefined> {
    const { client, random, recorders, pause, stepMsMax, timeoutMs } = this.#options;
    const transaction = client.begin();
    const recorded = new RecordedTransaction(transaction, this.#nextName(), plan, recorders);
    try {
      await recorded.carryOut(
        { timeoutMs },
        () => pause(random.next() * stepMsMax),
        (key) => this.#known.get(key) ?? null,
      );
    } catch (error) {
      if (!(error instanceof TimeoutError || error instanceof NoFollowerError)) throw error;
      transaction.abort();
      recorded.end('fail');
      return error.code;
    }
    if (plan.aborts) {
      transaction.abort();
      recorded.end('fail');
      return 'given up';
    }
    const ending = await this.#end(transaction.commit({ timeoutMs }), recorded.writes);
    recorded.end(ending);
    return ending === 'ok' ? undefined : (transaction.abortReason ?? ending);
  }

  async #callSomething(): Promise<void> {
    const { random, keys } = this.#options;
    const all = [...keys.lists, ...keys.registers, ...keys.singles, ...keys.singles];
    const key = all[random.integer(0, all.length - 1)]!;
    if (keys.singles.includes(key)) await this.#callSingle(key, random.next());
    else if (keys.registers.includes(key) && random.next() < 0.5) await this.#writeRegister(key);
    else await this.#readOne(key);
  }

  /** A single read, or put, is a transaction, too. */
  async #readOne(key: string): Promise<void> {
    const { client, recorders, keys, timeoutMs } = this.#options;
    const { transactions } = recorders;
    const end = transactions.invoke({ process: this.#nextName(), f: 'txn', value: [['r', key, null]] });
    const value = await readingOf(client.get(key, { timeoutMs }));
    if (value === UNREAD) end('fail');
    else end('ok', { value: [['r', key, keys.lists.includes(key) ? listIn(value) : textIn(value)]] });
  }

  async #writeRegister(key: string): Promise<void> {
    const { client, recorders, timeoutMs } = this.#options;
    const name = this.#nextName();
    const end = recorders.transactions.invoke({ process: name, f: 'txn', value: [['w', key, name]] });
    end(await this.#end(client.put(key, name, { timeoutMs }), [[key, name]]));
  }

  async #callSingle(key: string, chance: number): Promise<void> {
    const { client, recorders, timeoutMs } = this.#options;
    const { singles } = recorders;
    const limit = { timeoutMs };
    const name = this.#nextName();
    const call = { process: name, key };
    if (chance < 0.4) {
      const end = singles.invoke({ ...call, f: 'get' });
      const value = await readingOf(client.get(key, limit));
      if (value === UNREAD) end('fail');
      else {
        end('ok', { value: textIn(value) });
        this.#known.set(key, textIn(value));
      }
    } else if (chance < 0.65) {
      const end = singles.invoke({ ...call, f: 'put', value: name });
      end(await this.#end(client.put(key, name, limit), [[key, name]]));
      this.#known.set(key, name);
    } else if (chance < 0.75) {
      const end = singles.invoke({ ...call, f: 'delete' });
      end(await this.#end(client.delete(key, limit), [[key, null]]));
    } else {
      const expected = this.#known.get(key) ?? null;
      const end = singles.invoke({ ...call, f: 'cas', value: [expected, name] });
      const set = client.compareAndSet(key, expected ?? undefined, name, limit);
      const ending = await this.#end(set, [[key, name]]);
      end(ending, ending === 'ok' ? { applied: true } : {});
      this.#known.set(key, name);
    }
  }

  /** Notes what came of a commit, as far as its client knows. */
  async #end(outcome: Promise<'committed' | 'aborted'>, writes: readonly Write[]): Promise<Ending> {
    const told = await outcomeOf(outcome);
    this.#options.attempts.push({ writes, told });
    const ending = told === 'committed' ? 'ok' : told === 'aborted' ? 'fail' : 'info';
    this.#endings[ending] += 1;
    return ending;
  }

  #nextName(): string {
    this.#calls += 1;
    return `${this.#options.name}.${this.#calls}`;
  }
}

const UNREAD = Symbol('unread');

/** What was read; or that nobody answered. */
async function readingOf(reading: Promise<Value | undefined>): Promise<Value | undefined | typeof UNREAD> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof TimeoutError || error instanceof NoFollowerError) return UNREAD;
    throw error;
  }
}

/** What the client was told; that it was never handed in means the same as that it was aborted. */
async function outcomeOf(outcome: Promise<'committed' | 'aborted'>): Promise<Attempt['told']> {
  try {
    return await outcome;
  } catch (error) {
    if (error instanceof NoLeaderError) return 'aborted';
    if (error instanceof TimeoutError || error instanceof UnknownOutcomeError) return undefined;
    throw error;
  }
}
