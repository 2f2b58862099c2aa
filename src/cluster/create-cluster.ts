import type { Application } from '../../machines/replication/application.ts';
import { BadOptionError } from '../errors.ts';
import { Cluster } from './cluster.ts';
import { type CreateEventualClusterOptions, createEventualCluster } from './create-eventual-cluster.ts';
import {
  type CreateTransactionClusterOptions,
  createTransactionCluster,
} from './create-transaction-cluster.ts';
import type { EventualCluster } from './eventual-cluster.ts';
import type { ClusterEvents } from './node-group.ts';
import { PROTOCOL_NAMES, PROTOCOLS, type ProtocolName, type ProtocolSettings } from './protocols.ts';
import { checkNodeCount, startOnThreads, type ThreadOptions } from './start-on-threads.ts';
import type { TransactionCluster } from './transaction-cluster.ts';

/** What a cluster is to be. */
export interface CreateClusterOptions<Name extends ProtocolName = ProtocolName>
  extends ClusterEvents,
    ThreadOptions {
  readonly protocol: Name;
  /** How many nodes; 2f + 1 of them survive the loss of f. */
  readonly nodes: number;
  /** What is replicated: one application, or several of different names. */
  // biome-ignore lint/suspicious/noExplicitAny: an application of whatever operations; each client call is typed by its own.
  readonly application: Application<any, any, any, any> | readonly Application<any, any, any, any>[];
  /** Bounds and times of the protocol, where they are to differ from the defaults. */
  readonly settings?: Partial<ProtocolSettings[Name]>;
}

/**
 * Starts a cluster on worker threads of this process, each node with its journal on disk unless told otherwise.
 * Resolves when a node leads, where nodes do; on a new folder that is node 0.
 *
 * @throws BadOptionError; WrongFolderError, FolderInUseError and their like when the data folder cannot be used.
 */
export function createCluster(options: CreateTransactionClusterOptions): Promise<TransactionCluster>;
export function createCluster(options: CreateEventualClusterOptions): Promise<EventualCluster>;
export function createCluster<Name extends ProtocolName>(
  options: CreateClusterOptions<Name>,
): Promise<Cluster>;
export async function createCluster(
  options: CreateTransactionClusterOptions | CreateEventualClusterOptions | CreateClusterOptions,
): Promise<TransactionCluster | EventualCluster | Cluster> {
  if (options.protocol === '2pc') return createTransactionCluster(options);
  if (options.protocol === 'eventual') return createEventualCluster(options);
  return createReplicatedLog(options);
}

async function createReplicatedLog<Name extends ProtocolName>(
  options: CreateClusterOptions<Name>,
): Promise<Cluster> {
  const { protocol, nodes, application, settings, onNodeEnded, onWarning, ...threads } = options;
  if (!Object.hasOwn(PROTOCOLS, protocol)) {
    throw new BadOptionError(
      'protocol',
      protocol,
      `one of ${[...PROTOCOL_NAMES, '2pc', 'eventual'].join(', ')}`,
    );
  }
  checkNodeCount(nodes, 1);
  const names = Array.from({ length: nodes }, (_, node) => String(node));
  const program = PROTOCOLS[protocol].program({
    nodes: names,
    applications: [application].flat().map(({ name, module }) => ({ name, module })),
    ...(settings === undefined ? {} : { settings }),
  });
  const events = { onNodeEnded, onWarning };
  return startOnThreads(
    { protocol, nodes: names, program, damaged: 'setAside', events, threads },
    (host, told, afterwards) => new Cluster(protocol, host, told, afterwards),
  );
}
