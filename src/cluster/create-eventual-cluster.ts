import { isServerId, SERVER_ID_LIMIT } from '../../machines/eventual/origin.ts';
import { eventualProgram } from '../../machines/eventual/program.ts';
import type { EventualSettings } from '../../machines/eventual/settings.ts';
import { BadOptionError } from '../errors.ts';
import { EventualCluster, type EventualClusterEvents } from './eventual-cluster.ts';
import { checkNodeCount, startOnThreads, type ThreadOptions } from './start-on-threads.ts';

/** What an eventually consistent store is to be. */
export interface CreateEventualClusterOptions extends EventualClusterEvents, ThreadOptions {
  readonly protocol: 'eventual';
  /** How many servers it is founded with, 0 and up; or their ids. Others may join. */
  readonly nodes: number | readonly number[];
  /** Bounds and times, where they are to differ from the defaults. */
  readonly settings?: Partial<EventualSettings>;
}

/** For `createCluster`. */
export function createEventualCluster({
  protocol,
  nodes,
  settings,
  onNodeEnded,
  onWarning,
  onNodeRestarted,
  ...threads
}: CreateEventualClusterOptions): Promise<EventualCluster> {
  const names = serverNames(nodes);
  const program = eventualProgram({ nodes: names, ...(settings === undefined ? {} : { settings }) });
  const events = { onNodeEnded, onWarning };
  return startOnThreads(
    // What only one server has would be lost with its files: the owner is to put them back.
    { protocol, nodes: names, program, damaged: 'refuse', events, threads },
    (host, told, afterwards) =>
      new EventualCluster(
        host,
        { ...told, ...(onNodeRestarted === undefined ? {} : { onNodeRestarted }) },
        afterwards,
      ),
  );
}

/** @throws BadOptionError unless these are servers that there can be. */
export function serverNames(nodes: number | readonly number[]): string[] {
  const ids = typeof nodes === 'number' ? idsUpTo(nodes) : nodes;
  checkNodeCount(ids.length, 1);
  if (ids.some((id) => !isServerId(id)) || new Set(ids).size < ids.length)
    throw new BadOptionError('nodes', nodes, `whole numbers below ${SERVER_ID_LIMIT}, each once`);
  return ids.map(String);
}

function idsUpTo(count: number): number[] {
  checkNodeCount(count, 1);
  return Array.from({ length: count }, (_, id) => id);
}
