import type { JournalKind } from '../../actors/memory.ts';
import {
  type DiskSettings,
  type NetworkSettings,
  SimulatedHost,
  type TraceRecord,
} from '../../actors/simulated/index.ts';
import type { Application } from '../../machines/replication/application.ts';
import { Cluster } from '../cluster/cluster.ts';
import type { ClusterEvents } from '../cluster/node-group.ts';
import { PROTOCOLS, type ProtocolName, type ProtocolSettings } from '../cluster/protocols.ts';

/** What a simulated cluster is to be, and in what kind of world. */
export interface SimulatedClusterOptions<Name extends ProtocolName = ProtocolName> extends ClusterEvents {
  readonly protocol: Name;
  readonly nodes: number;
  // biome-ignore lint/suspicious/noExplicitAny: an application of whatever operations; each client call is typed by its own.
  readonly application: Application<any, any, any, any> | readonly Application<any, any, any, any>[];
  /** Decides everything that chance decides: the same seed, the same run. */
  readonly seed: number;
  readonly settings?: Partial<ProtocolSettings[Name]>;
  readonly network?: Partial<NetworkSettings>;
  readonly disk?: Partial<DiskSettings>;
  /** Where the nodes keep what they must remember; `lmdb`, the default, is a simulated disk. */
  readonly journal?: JournalKind;
  /** How fast the clocks of nodes run, by name: 1, the default, is as virtual time passes. */
  readonly clockRates?: Readonly<Record<string, number>>;
  /** Receives everything that happens, as it happens. */
  readonly trace?: (record: TraceRecord) => void;
}

/** A cluster, and the world that it runs in. Nothing happens but by the world's `run`, `runUntil` and `runWhile`. */
export interface SimulatedCluster {
  readonly cluster: Cluster;
  readonly world: SimulatedHost;
}

/** Makes a cluster in a world of its own. Start it by `await world.runWhile(cluster.start(), limitMs)`. */
export function createSimulatedCluster<Name extends ProtocolName>(
  options: SimulatedClusterOptions<Name>,
): SimulatedCluster {
  const {
    protocol,
    nodes,
    application,
    settings,
    seed,
    network,
    disk,
    journal,
    clockRates,
    trace,
    ...events
  } = options;
  const names = Array.from({ length: nodes }, (_, node) => String(node));
  const world = new SimulatedHost({
    nodes: names,
    program: PROTOCOLS[protocol].program({
      nodes: names,
      applications: [application].flat().map(({ name, module }) => ({ name, module })),
      ...(settings === undefined ? {} : { settings }),
    }),
    seed,
    ...(network === undefined ? {} : { network }),
    ...(disk === undefined ? {} : { disk }),
    ...(journal === undefined ? {} : { journal }),
    ...(clockRates === undefined ? {} : { clockRates }),
    ...(trace === undefined ? {} : { trace }),
  });
  return { cluster: new Cluster(protocol, world, events), world };
}
