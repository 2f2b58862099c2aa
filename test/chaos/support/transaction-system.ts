import type { Random } from '../../../actors/random.ts';
import { derivedRandom } from '../../../actors/simulated/seed.ts';
import { checkSerializability, HistoryRecorder } from '../../../src/checks/index.ts';
import type { TransactionClient } from '../../../src/client/transaction-client.ts';
import { createCluster } from '../../../src/cluster/create-cluster.ts';
import type { CoordinatorKind, TransactionCluster } from '../../../src/cluster/transaction-cluster.ts';
import { NoLeaderError, OverloadedError, TimeoutError, UnknownOutcomeError } from '../../../src/errors.ts';
import { Violation } from '../../../src/simulation/violation.ts';
import type { ChaosSystem, ChaosSystemOptions } from './chaos.ts';
import { assertOk, LIMITS } from './judge.ts';
import { MovingKeys } from './moving-keys.ts';
import { sleep } from './nemesis.ts';

const CLIENTS = 6;
const NODES = 4;
const KEY_MS = 500;
const PAUSE_MS_MAX = 25;

type Step = readonly ['r', string, readonly string[] | null] | readonly ['append', string, string];

/** A store with transactions, and clients that append to lists and read them, several lists at once. */
export class TransactionSystem implements ChaosSystem {
  readonly cluster: TransactionCluster;
  readonly #seed: number;
  readonly #recorder = new HistoryRecorder();
  readonly #keys = new MovingKeys(KEY_MS);
  /** What was appended, by how that ended. */
  readonly #appended = {
    ok: [] as [key: string, element: string][],
    fail: [] as [key: string, element: string][],
  };
  #processes = 0;
  #stopped = false;

  private constructor(cluster: TransactionCluster, seed: number) {
    this.cluster = cluster;
    this.#seed = seed;
  }

  static async start(coordinator: CoordinatorKind, { seed, onNodeEnded }: ChaosSystemOptions) {
    const cluster = await createCluster({ protocol: '2pc', nodes: NODES, coordinator, seed, onNodeEnded });
    return new TransactionSystem(cluster, seed);
  }

  get counts(): Readonly<Record<string, number>> {
    const { operations } = this.#recorder.history;
    const count = (outcome: string) => operations.filter((operation) => operation.outcome === outcome).length;
    return { committed: count('ok'), aborted: count('fail'), unknown: count('info') };
  }

  async work(): Promise<void> {
    await Promise.all(Array.from({ length: CLIENTS }, (_, number) => this.#workAs(number)));
  }

  stop(): void {
    this.#keys.stop();
    this.#stopped = true;
  }

  async verify(): Promise<void> {
    const { cluster } = this;
    assertOk('serializable', checkSerializability(this.#recorder.history, { limits: LIMITS }));
    await cluster.settled();
    const [leader] = cluster.nodes;
    const stores = new Set<string>();
    for (const node of cluster.nodes) {
      if (node !== leader) stores.add(JSON.stringify(await cluster.store(node)));
    }
    const [store = '[]', another] = stores;
    if (another !== undefined) throw new Violation('equal states', `${store}\n${another}`);
    const lists = new Map((JSON.parse(store) as [string, string][]).map(([key, list]) => [key, parse(list)]));
    for (const [key, element] of this.#appended.ok)
      if (lists.get(key)?.includes(element) !== true)
        throw new Violation('what is committed stays', `${element} is lost from ${key}`);
    for (const [key, element] of this.#appended.fail)
      if (lists.get(key)?.includes(element) === true)
        throw new Violation('what is aborted did not happen', `${element} is in ${key}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    await this.cluster[Symbol.asyncDispose]();
  }

  async #workAs(number: number): Promise<void> {
    const random = derivedRandom(this.#seed, 'client', number);
    const patience = random.next() < 0.5 ? { timeoutMs: random.integer(300, 1500) } : { timeoutMs: 600_000 };
    await using client = await this.cluster.client(patience);
    for (let turn = 0, process = this.#processes++; !this.#stopped; turn++) {
      await sleep(random.next() * PAUSE_MS_MAX);
      const ending = await this.#transact(client, random, process, `${number}.${turn}`);
      // Whoever does not know how it ended does not come back: another one takes its place.
      if (ending === 'info') process = this.#processes++;
    }
  }

  async #transact(client: TransactionClient, random: Random, process: number, element: string) {
    const keys = this.#keys.now.filter(() => random.next() < 0.5);
    const appended = keys.filter(() => random.next() < 0.5);
    const reads = keys.map((key): Step => ['r', key, null]);
    const appends = appended.map((key): Step => ['append', key, element]);
    const end = this.#recorder.invoke({ process, f: 'txn', value: [...reads, ...appends] });
    const { outcome, lists } = await attempt(client, keys, appended, element);
    if (outcome === 'ok')
      end('ok', { value: [...keys.map((key): Step => ['r', key, lists.get(key) ?? null]), ...appends] });
    else end(outcome);
    if (outcome !== 'info') for (const key of appended) this.#appended[outcome].push([key, element]);
    return outcome;
  }
}

/** Reads lists and appends to some of them. Also gives what it has read. */
async function attempt(
  client: TransactionClient,
  keys: readonly string[],
  appended: readonly string[],
  element: string,
): Promise<{
  readonly outcome: 'ok' | 'fail' | 'info';
  readonly lists: ReadonlyMap<string, readonly string[]>;
}> {
  const lists = new Map<string, readonly string[]>();
  const transaction = client.begin();
  try {
    for (const key of keys) {
      const found = await transaction.get(key);
      if (typeof found === 'string') lists.set(key, parse(found));
    }
  } catch (error) {
    transaction.abort();
    if (!(error instanceof TimeoutError) && !hasCode(error, 'SYNOD_NO_FOLLOWER')) throw error;
    return { outcome: 'fail', lists };
  }
  for (const key of appended) transaction.put(key, JSON.stringify([...(lists.get(key) ?? []), element]));
  try {
    return { outcome: (await transaction.commit()) === 'committed' ? 'ok' : 'fail', lists };
  } catch (error) {
    if (error instanceof NoLeaderError || error instanceof OverloadedError) return { outcome: 'fail', lists };
    if (error instanceof TimeoutError || error instanceof UnknownOutcomeError)
      return { outcome: 'info', lists };
    throw error;
  }
}

function parse(list: string): string[] {
  return JSON.parse(list) as string[];
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
