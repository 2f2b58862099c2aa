import type { Application } from '../../machines/replication/application.ts';
import { BadOptionError } from '../errors.ts';
import { Cluster } from './cluster.ts';
import type { ClusterEvents } from './node-group.ts';
import { PROTOCOLS, type ProtocolName, type ProtocolSettings } from './protocols.ts';
import { checkNodeCount, type StorageOptions, startOnThreads } from './start-on-threads.ts';

/** What a cluster is to be. */
export interface CreateClusterOptions<Name extends ProtocolName = ProtocolName>
  extends ClusterEvents,
    StorageOptions {
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
 * Resolves when a node leads; on a new folder that is node 0.
 *
 * @throws BadOptionError; WrongFolderError, FolderInUseError and their like when the data folder cannot be used.
 */
export async function createCluster<Name extends ProtocolName>(
  options: CreateClusterOptions<Name>,
): Promise<Cluster> {
  const { protocol, nodes, application, settings, onNodeEnded, onWarning, ...storage } = options;
  if (!Object.hasOwn(PROTOCOLS, protocol)) {
    throw new BadOptionError('protocol', protocol, `one of ${Object.keys(PROTOCOLS).join(', ')}`);
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
    { protocol, nodes: names, program, events, storage },
    (host, told, afterwards) => new Cluster(protocol, host, told, afterwards),
  );
}
