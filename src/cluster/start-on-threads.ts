import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DamagePolicy, Host } from '../../actors/host.ts';
import { JOURNAL_KINDS, type JournalKind } from '../../actors/memory.ts';
import type { ProgramReference } from '../../actors/program.ts';
import { ThreadHost } from '../../actors/threads/thread-host.ts';
import { BadOptionError } from '../errors.ts';
import { TraceFile } from '../traces/trace-file.ts';
import type { ClusterEvents, NodeGroup } from './node-group.ts';

/** How nodes run on threads: where they keep what they must remember, how much, and what they draw. */
export interface ThreadOptions {
  /**
   * On disk by LMDB, the default, or in the nodes' own memory. That is written nowhere: a node that ends has
   * forgotten it.
   */
  readonly journal?: JournalKind;
  /** The folder that the nodes keep their journals in. Without it: a temporary one, removed at the end. Not with `memory`. */
  readonly dataDir?: string;
  /** Bytes that the journal of one node may take on disk. */
  readonly journalBytesMax?: number;
  /** Megabytes of heap that one node may take. */
  readonly memoryMbMax?: number;
  /**
   * The file for a trace of what happens on the nodes and between them (docs/traces.md), closed with the cluster. It is
   * written whole: what it held is gone.
   */
  readonly trace?: string;
  /** Decides what the nodes draw, and which frames bad links lose; a fresh one by default. Not what happens: threads race. */
  readonly seed?: number;
}

/** What is to be started. */
export interface GroupOptions {
  /** Named in the data folder, so that no other protocol opens it. */
  readonly protocol: string;
  readonly nodes: readonly string[];
  readonly program: ProgramReference;
  /** What becomes of a node whose files are damaged or gone. */
  readonly damaged: DamagePolicy;
  readonly events: { readonly [Event in keyof ClusterEvents]: ClusterEvents[Event] | undefined };
  readonly threads: ThreadOptions;
}

/** The folder for what the nodes keep, and how it is cleared away at the end. */
interface Place {
  readonly dataDir: string | undefined;
  clear(): Promise<void>;
}

const NODES_MAX = 99;

/** @throws BadOptionError unless it is a number of nodes that there can be. */
export function checkNodeCount(nodes: number, min: number): void {
  if (!Number.isInteger(nodes) || nodes < min || nodes > NODES_MAX) {
    throw new BadOptionError('nodes', nodes, `a whole number from ${min} to ${NODES_MAX}`);
  }
}

/** Starts a group of nodes on worker threads of this process; whatever it has begun is gone when that fails. */
export async function startOnThreads<Group extends NodeGroup & { start(): Promise<void> }>(
  { protocol, nodes, program, damaged, events, threads }: GroupOptions,
  makeGroup: (host: Host, events: ClusterEvents, afterwards: () => Promise<void>) => Group,
): Promise<Group> {
  const { journal = 'lmdb', dataDir, journalBytesMax, memoryMbMax, seed, trace } = threads;
  if (!JOURNAL_KINDS.includes(journal)) {
    throw new BadOptionError('journal', journal, `one of ${JOURNAL_KINDS.join(', ')}`);
  }
  if (journal === 'memory' && dataDir !== undefined) {
    throw new BadOptionError('dataDir', dataDir, 'none with journals in memory');
  }
  const place = await placeOf(journal, dataDir);
  let file: TraceFile | undefined;
  const clear = async () => {
    try {
      file?.close({ violated: false });
    } finally {
      await place.clear();
    }
  };
  try {
    file =
      trace === undefined ? undefined : new TraceFile(trace, { world: 'threads', protocol, nodes, journal });
    const host = new ThreadHost({
      nodes,
      program,
      damaged,
      journal,
      ...(place.dataDir === undefined ? {} : { dataDir: place.dataDir }),
      identity: { protocol },
      ...(journalBytesMax === undefined ? {} : { journalBytesMax }),
      ...(memoryMbMax === undefined ? {} : { memoryMbMax }),
      ...(file === undefined ? {} : { trace: (record) => file?.write(record) }),
      ...(seed === undefined ? {} : { seed }),
    });
    const { onNodeEnded = warnOfEnd, onWarning } = events;
    const told = { onNodeEnded, ...(onWarning === undefined ? {} : { onWarning }) };
    const group = makeGroup(host, told, clear);
    try {
      await group.start();
    } catch (error) {
      await group[Symbol.asyncDispose]();
      throw error;
    }
    return group;
  } catch (error) {
    await clear();
    throw error;
  }
}

/** Where nobody listens, a node that died is at least not silent. */
function warnOfEnd(node: number, error: Error | undefined): void {
  if (error !== undefined) process.emitWarning(error, { detail: `node ${node} is down` });
}

async function placeOf(journal: JournalKind, dataDir: string | undefined): Promise<Place> {
  if (journal === 'memory' || dataDir !== undefined) return { dataDir, clear: async () => {} };
  const folder = await mkdtemp(join(tmpdir(), 'synod-'));
  return { dataDir: folder, clear: () => rm(folder, { recursive: true, force: true }) };
}
