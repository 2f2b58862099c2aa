import { derivedRandom } from '../../../actors/simulated/seed.ts';
import { chatQuery, chatroom } from '../../../src/applications/chatroom.ts';
import { kv, kvQuery } from '../../../src/applications/kv.ts';
import { checkLinearizability, HistoryRecorder } from '../../../src/checks/index.ts';
import type { Client } from '../../../src/client/client.ts';
import { Cluster } from '../../../src/cluster/cluster.ts';
import { PROTOCOLS, type ProtocolName } from '../../../src/cluster/protocols.ts';
import { startOnThreads } from '../../../src/cluster/start-on-threads.ts';
import { checkExactlyOnceInOrder } from '../../../src/simulation/invariants/exactly-once-in-order.ts';
import { ledger } from '../../../src/simulation/protocols/replicated-log/ledger.ts';
import { Workload } from '../../../src/simulation/protocols/replicated-log/workload.ts';
import { Violation } from '../../../src/simulation/violation.ts';
import { difference } from '../../../src/simulation/watch/difference.ts';
import type { ChaosSystem, ChaosSystemOptions } from './chaos.ts';
import { faultyProgram } from './faulty-program.ts';
import { assertOk, LIMITS } from './judge.ts';
import { MovingKeys } from './moving-keys.ts';
import { sleep } from './nemesis.ts';
import { OwnGateways } from './own-gateways.ts';

const CLIENTS_EACH = 4;
const KEY_MS = 700;
/** A patient client waits until all is mended. */
const PATIENCE_MS = 600_000;

/** A cluster that replicates a log, and clients of its key-value store, its chat and its ledger. */
export class LogSystem implements ChaosSystem {
  readonly cluster: Cluster;
  readonly #gateways: OwnGateways;
  readonly #clients: readonly Client[];
  readonly #workloads: readonly Workload[];
  readonly #recorder = new HistoryRecorder();
  readonly #keys = new MovingKeys(KEY_MS);

  private constructor(cluster: Cluster, gateways: OwnGateways, clients: readonly Client[], seed: number) {
    this.cluster = cluster;
    this.#gateways = gateways;
    this.#clients = clients;
    this.#workloads = clients.map((client, number) => {
      const random = derivedRandom(seed, 'workload', number);
      return new Workload({
        client,
        random,
        recorder: this.#recorder,
        pause: sleep,
        keys: this.#keys.now,
        timeoutMs: random.next() < 0.5 ? random.integer(200, 1500) : PATIENCE_MS,
        readsOnly: false,
        burstMax: 4,
        pauseMsMax: 40,
      });
    });
  }

  static async start(protocol: ProtocolName, options: ChaosSystemOptions): Promise<LogSystem> {
    const { seed, bug, onNodeEnded } = options;
    const nodes = Array.from({ length: derivedRandom(seed, 'nodes').next() < 0.7 ? 3 : 5 }, (_, node) =>
      String(node),
    );
    const applications = [kv, chatroom, ledger].map(({ name, module }) => ({ name, module }));
    const program = faultyProgram(PROTOCOLS[protocol].program({ nodes, applications }), bug);
    let gateways: OwnGateways | undefined;
    const cluster = await startOnThreads(
      {
        protocol,
        nodes,
        program,
        damaged: 'setAside',
        events: { onNodeEnded, onWarning: undefined },
        threads: { seed },
      },
      (host, told, afterwards) => {
        gateways = new OwnGateways(host);
        return new Cluster(protocol, host, told, afterwards);
      },
    );
    const { entrance } = PROTOCOLS[protocol];
    const clients = await Promise.all(
      Array.from({ length: CLIENTS_EACH }, () => [cluster.client(), gateways!.client(entrance, {})]).flat(),
    );
    return new LogSystem(cluster, gateways!, clients, seed);
  }

  get counts(): Readonly<Record<string, number>> {
    const { operations } = this.#recorder.history;
    return {
      calls: operations.length,
      unknown: operations.filter(({ outcome }) => outcome === 'info').length,
    };
  }

  async work(): Promise<void> {
    await Promise.all(this.#workloads.map((workload) => workload.run()));
    // What nobody waits for any more is still to happen, each in its turn.
    await Promise.all(this.#clients.map((client) => client.idle()));
  }

  stop(): void {
    this.#keys.stop();
    for (const workload of this.#workloads) workload.stop();
  }

  async verify(): Promise<void> {
    const { cluster } = this;
    assertOk('linearizable', checkLinearizability(this.#recorder.history, 'kv', LIMITS));
    await cluster.settled();
    const reader = await cluster.client();
    checkExactlyOnceInOrder(
      await reader.query(ledger, null),
      this.#workloads.map(({ entries }) => entries),
    );
    const views = new Set<string>();
    for (const node of cluster.nodes) {
      const stale = { consistency: 'stale', node } as const;
      const view = [
        await reader.query(kv, kvQuery.scan(''), stale),
        await reader.query(ledger, null, stale),
        await reader.query(chatroom, chatQuery.log(), stale),
      ];
      views.add(JSON.stringify(view));
    }
    const [view = '', another] = views;
    if (another !== undefined) throw new Violation('equal states', difference(view, another));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    this.#gateways.close();
    await this.cluster[Symbol.asyncDispose]();
  }
}
