import type { JournalKind } from '../../actors/memory.ts';
import {
  type DiskSettings,
  type NetworkSettings,
  SimulatedHost,
  type SimulatedHostOptions,
  type TraceRecord,
} from '../../actors/simulated/index.ts';
import { eventualProgram } from '../../machines/eventual/program.ts';
import type { EventualSettings } from '../../machines/eventual/settings.ts';
import type { Application } from '../../machines/replication/application.ts';
import type { TwoPhaseCommitSettings } from '../../machines/two-phase-commit/settings.ts';
import { Cluster } from '../cluster/cluster.ts';
import { serverNames } from '../cluster/create-eventual-cluster.ts';
import { transactionProgram } from '../cluster/create-transaction-cluster.ts';
import { EventualCluster, type EventualClusterEvents } from '../cluster/eventual-cluster.ts';
import type { ClusterEvents } from '../cluster/node-group.ts';
import { PROTOCOLS, type ProtocolName, type ProtocolSettings } from '../cluster/protocols.ts';
import { type CoordinatorKind, TransactionCluster } from '../cluster/transaction-cluster.ts';

/** In what kind of world a cluster is to be. */
export interface SimulatedWorldOptions extends ClusterEvents {
  /** Decides everything that chance decides: the same seed, the same run. */
  readonly seed: number;
  readonly network?: Partial<NetworkSettings>;
  readonly disk?: Partial<DiskSettings>;
  /** Where the nodes keep what they must remember; `lmdb`, the default, is a simulated disk. */
  readonly journal?: JournalKind;
  /** How fast the clocks of nodes run, by name: 1, the default, is as virtual time passes. */
  readonly clockRates?: Readonly<Record<string, number>>;
  /** Receives everything that happens, as it happens. */
  readonly trace?: (record: TraceRecord) => void;
}

/** What a simulated cluster is to be. */
export interface SimulatedClusterOptions<Name extends ProtocolName = ProtocolName>
  extends SimulatedWorldOptions {
  readonly protocol: Name;
  readonly nodes: number;
  // biome-ignore lint/suspicious/noExplicitAny: an application of whatever operations; each client call is typed by its own.
  readonly application: Application<any, any, any, any> | readonly Application<any, any, any, any>[];
  readonly settings?: Partial<ProtocolSettings[Name]>;
}

/** What a simulated cluster of two-phase commit is to be. */
export interface SimulatedTransactionClusterOptions extends SimulatedWorldOptions {
  readonly protocol: '2pc';
  /** The leader, which is node 0, and its followers. */
  readonly nodes: number;
  /** Who decides: node 0, or whichever leads. */
  readonly coordinator?: CoordinatorKind;
  readonly settings?: Partial<TwoPhaseCommitSettings>;
}

/** What a simulated cluster of the eventually consistent store is to be. */
export interface SimulatedEventualClusterOptions extends SimulatedWorldOptions, EventualClusterEvents {
  readonly protocol: 'eventual';
  /** How many servers it is founded with, 0 and up; or their ids. */
  readonly nodes: number | readonly number[];
  readonly settings?: Partial<EventualSettings>;
}

/** A cluster, and the world that it runs in. Nothing happens but by the world's `run`, `runUntil` and `runWhile`. */
export interface SimulatedCluster<Group = Cluster> {
  readonly cluster: Group;
  readonly world: SimulatedHost;
}

/** Makes a cluster in a world of its own. Start it by `await world.runWhile(cluster.start(), limitMs)`. */
export function createSimulatedCluster(
  options: SimulatedTransactionClusterOptions,
): SimulatedCluster<TransactionCluster>;
export function createSimulatedCluster(
  options: SimulatedEventualClusterOptions,
): SimulatedCluster<EventualCluster>;
export function createSimulatedCluster<Name extends ProtocolName>(
  options: SimulatedClusterOptions<Name>,
): SimulatedCluster;
export function createSimulatedCluster(
  options: SimulatedTransactionClusterOptions | SimulatedEventualClusterOptions | SimulatedClusterOptions,
): SimulatedCluster<TransactionCluster | EventualCluster | Cluster> {
  if (options.protocol === '2pc') return simulateTransactions(options);
  if (options.protocol === 'eventual') return simulateEventual(options);
  return simulateReplicatedLog(options);
}

function simulateTransactions({
  nodes,
  coordinator = 'single',
  settings,
  ...options
}: SimulatedTransactionClusterOptions): SimulatedCluster<TransactionCluster> {
  const names = namesOf(nodes);
  const program = transactionProgram(coordinator, names, settings);
  const world = worldOf(options, { nodes: names, program, damaged: 'refuse' });
  return { cluster: new TransactionCluster(world, options, undefined, coordinator), world };
}

function simulateEventual({
  nodes,
  settings,
  ...options
}: SimulatedEventualClusterOptions): SimulatedCluster<EventualCluster> {
  const names = serverNames(nodes);
  const program = eventualProgram({ nodes: names, ...(settings === undefined ? {} : { settings }) });
  const world = worldOf(options, { nodes: names, program, damaged: 'refuse' });
  return { cluster: new EventualCluster(world, options), world };
}

function simulateReplicatedLog({
  protocol,
  nodes,
  application,
  settings,
  ...options
}: SimulatedClusterOptions): SimulatedCluster {
  const names = namesOf(nodes);
  const program = PROTOCOLS[protocol].program({
    nodes: names,
    applications: [application].flat().map(({ name, module }) => ({ name, module })),
    ...(settings === undefined ? {} : { settings }),
  });
  const world = worldOf(options, { nodes: names, program });
  return { cluster: new Cluster(protocol, world, options), world };
}

function namesOf(nodes: number): string[] {
  return Array.from({ length: nodes }, (_, node) => String(node));
}

function worldOf(
  { seed, network, disk, journal, clockRates, trace }: SimulatedWorldOptions,
  cluster: Pick<SimulatedHostOptions, 'nodes' | 'program' | 'damaged'>,
): SimulatedHost {
  return new SimulatedHost({
    ...cluster,
    seed,
    ...(network === undefined ? {} : { network }),
    ...(disk === undefined ? {} : { disk }),
    ...(journal === undefined ? {} : { journal }),
    ...(clockRates === undefined ? {} : { clockRates }),
    ...(trace === undefined ? {} : { trace }),
  });
}
