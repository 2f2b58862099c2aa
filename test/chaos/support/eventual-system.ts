import { derivedRandom } from '../../../actors/simulated/seed.ts';
import { checkSessions, HistoryRecorder } from '../../../src/checks/index.ts';
import type { EventualClient } from '../../../src/client/eventual-client.ts';
import { createCluster } from '../../../src/cluster/create-cluster.ts';
import type { EventualCluster } from '../../../src/cluster/eventual-cluster.ts';
import { DependencyError, TimeoutError, UnknownOutcomeError, UnreachableError } from '../../../src/errors.ts';
import { Violation } from '../../../src/simulation/violation.ts';
import { difference } from '../../../src/simulation/watch/difference.ts';
import type { ChaosSystem, ChaosSystemOptions } from './chaos.ts';
import { assertOk, LIMITS } from './judge.ts';
import { MovingKeys } from './moving-keys.ts';
import { sleep } from './nemesis.ts';

const CLIENTS = 5;
const NODES = 4;
const KEY_MS = 500;
const PAUSE_MS_MAX = 25;

/** An eventually consistent store, and clients that put, get and move from server to server. */
export class EventualSystem implements ChaosSystem {
  readonly cluster: EventualCluster;
  readonly #seed: number;
  readonly #recorder = new HistoryRecorder();
  readonly #keys = new MovingKeys(KEY_MS);
  /** Keys of their own, each put once, whose put was acknowledged. */
  readonly #kept = new Map<string, string>();
  #stopped = false;

  private constructor(cluster: EventualCluster, seed: number) {
    this.cluster = cluster;
    this.#seed = seed;
  }

  static async start({ seed, onNodeEnded }: ChaosSystemOptions): Promise<EventualSystem> {
    const cluster = await createCluster({ protocol: 'eventual', nodes: NODES, seed, onNodeEnded });
    return new EventualSystem(cluster, seed);
  }

  get counts(): Readonly<Record<string, number>> {
    const { operations } = this.#recorder.history;
    const count = (f: string, outcome: string) =>
      operations.filter((operation) => operation.f === f && operation.outcome === outcome).length;
    return {
      puts: count('put', 'ok'),
      putsUnknown: count('put', 'info'),
      gets: count('get', 'ok'),
      getsFailed: count('get', 'fail'),
    };
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
    await cluster.stabilize();
    const views = new Set<string>();
    for (const node of cluster.nodes) {
      const entries: unknown[] = [];
      for await (const entry of cluster.entries(node)) entries.push(entry);
      views.add(JSON.stringify(entries));
    }
    const [view = '[]', another] = views;
    if (another !== undefined) throw new Violation('equal states', difference(view, another));
    const entries = new Map(JSON.parse(view) as [string, string][]);
    for (const [key, value] of this.#kept)
      if (entries.get(key) !== value)
        throw new Violation('what was acknowledged stays', `${key} is ${entries.get(key)}, not ${value}`);
    assertOk('session guarantees', checkSessions(this.#recorder.history, LIMITS, { siblings: true }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    await this.cluster[Symbol.asyncDispose]();
  }

  async #workAs(number: number): Promise<void> {
    const random = derivedRandom(this.#seed, 'client', number);
    const { nodes } = this.cluster;
    const node = () => nodes[random.integer(0, nodes.length - 1)]!;
    await using client = await this.cluster.client({ node: node(), timeoutMs: random.integer(200, 2000) });
    for (let turn = 0; !this.#stopped; turn++) {
      await sleep(random.next() * PAUSE_MS_MAX);
      const chance = random.next();
      const value = `${number}.${turn}`;
      const key = this.#keys.now[random.integer(0, this.#keys.now.length - 1)]!;
      if (chance < 0.45) await this.#put(client, number, key, value);
      else if (chance < 0.5) {
        const own = `own-${value}`;
        if (await this.#put(client, number, own, value)) this.#kept.set(own, value);
      } else if (chance > 0.9 || !(await this.#get(client, number, key))) await client.moveTo(node());
    }
  }

  /** Whether it was acknowledged. */
  async #put(client: EventualClient, process: number, key: string, value: string): Promise<boolean> {
    const end = this.#recorder.invoke({ process, f: 'put', key, value });
    try {
      await client.put(key, value);
      end('ok');
      return true;
    } catch (error) {
      if (error instanceof UnreachableError) end('fail');
      else if (error instanceof TimeoutError || error instanceof UnknownOutcomeError) end('info');
      else throw error;
      return false;
    }
  }

  /** Whether it was answered. */
  async #get(client: EventualClient, process: number, key: string): Promise<boolean> {
    const end = this.#recorder.invoke({ process, f: 'get', key });
    try {
      end('ok', { value: String((await client.get(key)) ?? '') || null });
      return true;
    } catch (error) {
      const isExpected =
        error instanceof UnreachableError ||
        error instanceof TimeoutError ||
        error instanceof DependencyError;
      if (!isExpected) throw error;
      end('fail');
      return false;
    }
  }
}
