import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JOURNAL_KINDS, type JournalKind } from '../actors/memory.ts';
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
  /**
   * Where the nodes keep what they must remember: on disk by LMDB, the default, or in their own memory. That is
   * written nowhere: a node that ends has forgotten it, and what a majority has forgotten is gone.
   */
  readonly journal?: JournalKind;
  /** The folder that the nodes keep their journals in. Without it: a temporary one, removed at the end. Not with `memory`. */
  readonly dataDir?: string;
  /** Bounds and times of the protocol, where they are to differ from the defaults. */
  readonly settings?: Partial<ProtocolSettings[Name]>;
  /** Bytes that the journal of one node may take on disk. */
  readonly journalBytesMax?: number;
  /** Megabytes of heap that one node may take. */
  readonly memoryMbMax?: number;
}

/** The folder for what the nodes keep, and how it is cleared away at the end. */
interface Place {
  readonly dataDir: string | undefined;
  clear(): Promise<void>;
}

/** Where nobody listens, a node that died is at least not silent. */
function warnOfEnd(node: number, error: Error | undefined): void {
  if (error !== undefined) process.emitWarning(error, { detail: `node ${node} is down` });
}

const NODES_MAX = 99;

/**
 * Starts a cluster on worker threads of this process, each node with its journal on disk unless told otherwise. Resolves when a node
 * leads; on a new folder that is node 0.
 *
 * @throws BadOptionError; WrongFolderError, FolderInUseError and their like when the data folder cannot be used.
 */
export async function createCluster<Name extends ProtocolName>(
  options: CreateClusterOptions<Name>,
): Promise<Cluster> {
  const {
    protocol,
    nodes,
    application,
    journal = 'lmdb',
    dataDir,
    settings,
    journalBytesMax,
    memoryMbMax,
    ...events
  } = options;
  if (!Object.hasOwn(PROTOCOLS, protocol)) {
    throw new BadOptionError('protocol', protocol, `one of ${Object.keys(PROTOCOLS).join(', ')}`);
  }
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > NODES_MAX) {
    throw new BadOptionError('nodes', nodes, `a whole number from 1 to ${NODES_MAX}`);
  }
  if (!JOURNAL_KINDS.includes(journal)) {
    throw new BadOptionError('journal', journal, `one of ${JOURNAL_KINDS.join(', ')}`);
  }
  if (journal === 'memory' && dataDir !== undefined) {
    throw new BadOptionError('dataDir', dataDir, 'none with journals in memory');
  }
  const applications = [application].flat();
  const names = Array.from({ length: nodes }, (_, node) => String(node));
  const place = await placeOf(journal, dataDir);
  try {
    const host = new ThreadHost({
      nodes: names,
      program: PROTOCOLS[protocol].program({
        nodes: names,
        applications: applications.map(({ name, module }) => ({ name, module })),
        ...(settings === undefined ? {} : { settings }),
      }),
      journal,
      ...(place.dataDir === undefined ? {} : { dataDir: place.dataDir }),
      identity: { protocol },
      ...(journalBytesMax === undefined ? {} : { journalBytesMax }),
      ...(memoryMbMax === undefined ? {} : { memoryMbMax }),
    });
    const cluster = new Cluster(protocol, host, { onNodeEnded: warnOfEnd, ...events }, place.clear);
    try {
      await cluster.start();
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
    return cluster;
  } catch (error) {
    await place.clear();
    throw error;
  }
}

async function placeOf(journal: JournalKind, dataDir: string | undefined): Promise<Place> {
  if (journal === 'memory' || dataDir !== undefined) return { dataDir, clear: async () => {} };
  const folder = await mkdtemp(join(tmpdir(), 'synod-'));
  return { dataDir: folder, clear: () => rm(folder, { recursive: true, force: true }) };
}
