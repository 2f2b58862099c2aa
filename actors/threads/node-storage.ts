import type { Memory } from '../memory.ts';
import type { NodeDisks } from './node-messages.ts';

/** What one life of a node is given to remember by. */
export interface PreparedNode {
  readonly memory: Memory;
  /** Undefined: the memory of its thread. */
  readonly disks: NodeDisks | undefined;
  /** Resolves when the life has ended and its files are closed. */
  readonly released: Promise<void>;
}

/** What the nodes of a host keep, and which nodes there are. */
export interface NodeStorage extends AsyncDisposable {
  readonly members: readonly string[];
  /** The names of those that were members, and are no more. */
  readonly former: readonly string[];
  /** Makes a node a member, with nothing kept. */
  add(name: string): Promise<void>;
  /** Forgets a node that does not run, and all that it kept. */
  remove(name: string): Promise<void>;
  /**
   * Makes ready for a life of each of these nodes, none of which runs; for all or for none.
   * @param running the memory of a node's life, for one that runs.
   */
  prepare(names: readonly string[], running: (name: string) => Memory | undefined): Promise<PreparedNode[]>;
  /** Remembers that these have run, before any of them does. */
  begin(names: readonly string[]): void;
}

/** Closes the ports of a life that is not to be. */
export function discard({ disks }: PreparedNode): void {
  disks?.journalDisk.close();
  disks?.storeDisk.close();
}
