import type { JournalKind } from '../../actors/memory.ts';
import type { NodeTally } from '../../actors/tally.ts';
import { kv } from '../applications/kv.ts';
import { createCluster } from '../cluster/create-cluster.ts';
import type { NodeGroup } from '../cluster/node-group.ts';
import type { ProtocolName } from '../cluster/protocols.ts';
import type { CoordinatorKind } from '../cluster/transaction-cluster.ts';
import { openKeyValueStore } from '../key-value-store.ts';
import { measureFailover } from './failover.ts';
import type { Workload } from './workload.ts';

/** A cluster and its client, as they are measured. */
export interface MeasuredSystem extends AsyncDisposable {
  readonly store: {
    get(key: string): Promise<unknown>;
    /** Resolves when it is durable; rejects when it is not to be. */
    put(key: string, value: string): Promise<unknown>;
  };
  /** Resolves when nothing is under way any more. */
  settled(): Promise<void>;
  tally(): Promise<NodeTally>;
  /** Kills the leader under load, and takes the milliseconds until the next write; undefined where no other can lead. */
  readonly measureFailover: ((workload: Workload) => Promise<number>) | undefined;
}

/** What is to be measured. */
export interface SystemPlan {
  readonly nodes: number;
  readonly journal: JournalKind;
  /** The folder for the nodes' data. */
  readonly dataDir: string;
  readonly inFlightMax: number;
}

export async function openReplicatedLog({
  protocol,
  nodes,
  inFlightMax,
  ...plan
}: SystemPlan & { readonly protocol: ProtocolName }): Promise<MeasuredSystem> {
  const cluster = await createCluster({ protocol, nodes, application: kv, ...placeOf(plan) });
  const store = openKeyValueStore(await cluster.client({ inFlightMax }));
  return {
    ...ofGroup(cluster),
    store,
    settled: () => cluster.settled(),
    measureFailover: (workload) => measureFailover(cluster, store, workload),
  };
}

/** A write is a transaction of one change, a read goes to a follower. */
export async function openTransactions({
  nodes,
  coordinator = 'single',
  inFlightMax,
  ...plan
}: SystemPlan & { readonly coordinator?: CoordinatorKind }): Promise<MeasuredSystem> {
  const cluster = await createCluster({ protocol: '2pc', nodes, coordinator, ...placeOf(plan) });
  const client = await cluster.client({ inFlightMax });
  return {
    ...ofGroup(cluster),
    store: {
      get: (key) => client.get(key),
      async put(key, value) {
        const outcome = await client.put(key, value);
        if (outcome !== 'committed')
          throw new Error('a transaction was aborted: a node did not vote in time');
      },
    },
    settled: () => cluster.settled(),
    measureFailover: undefined,
  };
}

function placeOf({ journal, dataDir }: Pick<SystemPlan, 'journal' | 'dataDir'>) {
  return journal === 'memory' ? { journal } : { dataDir };
}

function ofGroup(group: NodeGroup): Pick<MeasuredSystem, 'tally' | typeof Symbol.asyncDispose> {
  return { tally: () => group.tally(), [Symbol.asyncDispose]: () => group[Symbol.asyncDispose]() };
}
