import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ThreadHost } from '../actors/threads/thread-host.ts';
import type { Application } from '../machines/replication/application.ts';
import { Cluster, type ClusterEvents } from './cluster.ts';
import { BadOptionError } from './errors.ts';
import { PROTOCOLS, type ProtocolName, type ProtocolSettings } from './protocols.ts';

/** What a cluster is to be. */
export interface CreateClusterOptions<Name extends ProtocolName = ProtocolName> extends ClusterEvents {
  readonly protocol: Name;
  /** How many nodes; 2f + 1 of them survive the loss of f. */
  readonly nodes: number;
  /** What is replicated: one application, or several of different names. */
  // biome-ignore lint/suspicious/noExplicitAny: an application of whatever operations; each client call is typed by its own.
  readonly application: Application<any, any, any, any> | readonly Application<any, any, any, any>[];
  /** The folder that the nodes keep their journals in. Without it: a temporary one, removed at the end. */
  readonly dataDir?: string;
  /** Bounds and times of the protocol, where they are to differ from the defaults. */
  readonly settings?: Partial<ProtocolSettings[Name]>;
  /** Bytes that the journal of one node may take on disk. */
  readonly journalBytesMax?: number;
  /** Megabytes of heap that one node may take. */
  readonly memoryMbMax?: number;
}

/** Where nobody listens, a node that died is at least not silent. */
function warnOfEnd(node: number, error: Error | undefined): void {
  if (error !== undefined) process.emitWarning(error, { detail: `node ${node} is down` });
}

const NODES_MAX = 99;

/**
 * Starts a cluster on worker threads of this process, each node with its journal on disk. Resolves when a node
 * leads; on a new folder that is node 0.
 *
 * @throws BadOptionError; WrongFolderError, FolderInUseError and their like when the data folder cannot be used.
 */
export async function createCluster<Name extends ProtocolName>(
  options: CreateClusterOptions<Name>,
): Promise<Cluster> {
  const { protocol, nodes, application, dataDir, settings, journalBytesMax, memoryMbMax, ...events } =
    options;
  if (!Object.hasOwn(PROTOCOLS, protocol)) {
    throw new BadOptionError('protocol', protocol, `one of ${Object.keys(PROTOCOLS).join(', ')}`);
  }
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > NODES_MAX) {
    throw new BadOptionError('nodes', nodes, `a whole number from 1 to ${NODES_MAX}`);
  }
  const applications = [application].flat();
  const names = Array.from({ length: nodes }, (_, node) => String(node));
  const folder = dataDir ?? (await mkdtemp(join(tmpdir(), 'synod-')));
  const removeFolder = async () => {
    if (dataDir === undefined) await rm(folder, { recursive: true, force: true });
  };
  try {
    const host = new ThreadHost({
      nodes: names,
      program: PROTOCOLS[protocol].program({
        nodes: names,
        applications: applications.map(({ name, module }) => ({ name, module })),
        ...(settings === undefined ? {} : { settings }),
      }),
      dataDir: folder,
      identity: { protocol },
      ...(journalBytesMax === undefined ? {} : { journalBytesMax }),
      ...(memoryMbMax === undefined ? {} : { memoryMbMax }),
    });
    const cluster = new Cluster(protocol, host, { onNodeEnded: warnOfEnd, ...events }, removeFolder);
    try {
      await cluster.start();
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
    return cluster;
  } catch (error) {
    await removeFolder();
    throw error;
  }
}
