import type { Client } from '../../../src/client/client.ts';
import type { ProtocolName } from '../../../src/cluster/protocols.ts';
import { openKeyValueStore } from '../../../src/key-value-store.ts';
import { paxosLog } from '../../../src/simulation/protocols/paxos/paxos-log.ts';
import { raftLog } from '../../../src/simulation/protocols/raft/raft-log.ts';
import type { MemoryWatch } from '../../../src/simulation/protocols/replicated-log/memory-watch.ts';
import {
  WatchedCluster,
  type WatchedClusterOptions,
} from '../../../src/simulation/protocols/replicated-log/watched-cluster.ts';

/** A simulated cluster that runs, with a client, for a test that tells a story. */
export interface Scene extends AsyncDisposable {
  readonly simulated: WatchedCluster;
  readonly memory: MemoryWatch;
  readonly client: Client;
  put(key: string, value?: string): Promise<void>;
  get(key: string): Promise<unknown>;
  /** Which node leads. */
  leader(): Promise<number>;
  /** Cuts, or mends, all links of a node to the others. */
  isolate(node: number, cut: boolean): Promise<void>;
  /** Resolves when all live nodes have applied the same; within this time. */
  settle(limitMs?: number): Promise<void>;
}

export interface SceneOptions extends Omit<WatchedClusterOptions, 'protocol'> {
  readonly protocol: ProtocolName;
}

const LOGS = { paxos: paxosLog, raft: raftLog };

export async function sceneOf(options: SceneOptions): Promise<Scene> {
  const protocol = LOGS[options.protocol];
  const memory = protocol.memory();
  const instruments = [...(options.instruments ?? []), memory.instrument];
  const simulated = new WatchedCluster({ ...options, protocol, instruments });
  const { cluster } = simulated;
  await simulated.runWhile(cluster.start(), 2000);
  const client = await simulated.runWhile(cluster.client(), 2000);
  const store = openKeyValueStore(client);
  return {
    simulated,
    memory,
    client,
    put: (key, value = 'value') => simulated.runWhile(store.put(key, value), 3000),
    get: (key) => simulated.runWhile(store.get(key), 3000),
    async leader() {
      const { leader } = await simulated.runWhile(cluster.status(), 2000);
      if (leader === undefined) throw new Error('nobody leads');
      return leader;
    },
    async isolate(node, cut) {
      for (const other of cluster.nodes) {
        if (other === node) continue;
        await (cut ? cluster.disconnect(node, other) : cluster.connect(node, other));
      }
    },
    settle: (limitMs = 1500) => simulated.runWhile(cluster.settled(), limitMs),
    [Symbol.asyncDispose]: () => simulated[Symbol.asyncDispose](),
  };
}
