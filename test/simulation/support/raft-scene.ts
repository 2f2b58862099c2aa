import type { RaftSettings } from '../../../machines/raft/settings.ts';
import { openKeyValueStore } from '../../../src/key-value-store.ts';
import type { RaftMemory } from '../../../src/simulation/protocols/raft/raft-memory.ts';
import { type LedgerEntry, ledger } from '../../../src/simulation/protocols/replicated-log/ledger.ts';
import { type Scene, type SceneOptions, sceneOf } from './scene.ts';

export interface RaftSceneOptions extends Partial<Omit<SceneOptions, 'protocol' | 'settings'>> {
  readonly settings?: Partial<RaftSettings>;
}

/** A cluster of Raft that runs, with its servers' own view of things. */
export interface RaftScene extends Scene {
  readonly memory: RaftMemory;
}

export async function raftOf(options: RaftSceneOptions): Promise<RaftScene> {
  const scene = await sceneOf({ seed: 1, nodes: 3, ...options, protocol: 'raft' });
  return scene as RaftScene;
}

/** What a node answers from its own state. */
export function staleGet({ simulated, client }: Scene, node: number, key: string): Promise<unknown> {
  const value = openKeyValueStore(client).get(key, { consistency: 'stale', node });
  return simulated.runWhile(value, 1000);
}

/** The nodes but these. */
export function others({ simulated }: Scene, ...nodes: readonly number[]): number[] {
  return simulated.cluster.nodes.filter((node) => !nodes.includes(node));
}

/** Cuts, or mends, all links between two groups of nodes. */
export async function part(
  { simulated: { cluster } }: Scene,
  some: readonly number[],
  rest: readonly number[],
  cut = true,
): Promise<void> {
  for (const a of some) {
    for (const b of rest) await (cut ? cluster.disconnect(a, b) : cluster.connect(a, b));
  }
}

/** Asks for entries of the ledger, in order; does not wait for them. They are patient. */
export class Writer {
  readonly #scene: Scene;
  readonly #asked: Promise<unknown>[] = [];

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  write(count = 1): void {
    const { client } = this.#scene;
    for (let written = 0; written < count; written++) {
      const entry: LedgerEntry = [client.name, this.#asked.length + 1];
      const asked = client.execute(ledger, entry, { timeoutMs: 600_000 });
      asked.catch(() => {});
      this.#asked.push(asked);
    }
  }

  /** As {@link write}, and all that was asked for is done within this time. */
  async done(limitMs = 3000): Promise<void> {
    await this.#scene.simulated.runWhile(Promise.all(this.#asked), limitMs);
  }

  /** What the ledger must hold. */
  get expected(): LedgerEntry[] {
    return this.#asked.map((_, index) => [this.#scene.client.name, index + 1]);
  }

  /** What each node's ledger holds, from its own state, once they agree. */
  async onEveryNode(): Promise<LedgerEntry[][]> {
    const { simulated, client } = this.#scene;
    await this.#scene.settle(5000);
    const ledgers: LedgerEntry[][] = [];
    for (const node of simulated.cluster.nodes.filter((up) => simulated.cluster.isUp(up))) {
      const answer = client.query(ledger, null, { consistency: 'stale', node });
      ledgers.push(await simulated.runWhile(answer, 1000));
    }
    return ledgers;
  }
}
