import { join } from 'node:path';
import { type ClusterIdentity, type DataFolder, openDataFolder } from './data-folder.ts';
import { Disk, type OpenedFolder } from './disk.ts';
import type { NodeDisks } from './node-messages.ts';

/** Transactions to a store wait this long for others: what is behind anyway is written in large pieces. */
const STORE_COLLECT_MS = 400;

/** What one life of a node is given to remember by. */
export interface PreparedNode {
  readonly disks: NodeDisks;
  /** Resolves when the life has ended and its files are closed. */
  readonly released: Promise<void>;
}

/** What the nodes of a host keep: a data folder, and the two disk threads that write in it. */
export class DiskStorage implements AsyncDisposable {
  readonly #folder: DataFolder;
  /** Of their own, so that a long commit to a store holds up no journal. */
  readonly #journalDisk: Disk;
  readonly #storeDisk: Disk;

  private constructor(folder: DataFolder, journalBytesMax: number) {
    this.#folder = folder;
    this.#journalDisk = new Disk(journalBytesMax);
    this.#storeDisk = new Disk(journalBytesMax, STORE_COLLECT_MS);
  }

  /** Opens the data folder and starts the disk threads. @throws as {@link openDataFolder}. */
  static async open(
    dataDir: string,
    identity: ClusterIdentity,
    journalBytesMax: number,
  ): Promise<DiskStorage> {
    return new DiskStorage(await openDataFolder(dataDir, identity), journalBytesMax);
  }

  /** The nodes that there are now. */
  get members(): readonly string[] {
    return this.#folder.members;
  }

  /** Makes a node a member, durably, with nothing on its disk. */
  add(name: string): Promise<void> {
    return this.#folder.addMember(name);
  }

  /** Forgets a node whose files are closed, durably, and removes them. */
  remove(name: string): Promise<void> {
    return this.#folder.removeMember(name);
  }

  /** Opens the journals and the stores of nodes that do not run, all or none. */
  async prepare(names: readonly string[]): Promise<PreparedNode[]> {
    const folders = names.map((name) => {
      const folder = this.#folder.nodeFolder(name);
      return { journalFolder: join(folder, 'journal'), storeFolder: join(folder, 'store') };
    });
    const opened = await allOrNone([
      ...folders.map(({ journalFolder }) => this.#journalDisk.open(journalFolder)),
      ...folders.map(({ storeFolder }) => this.#storeDisk.open(storeFolder)),
    ]);
    return folders.map((paths, index) => {
      const journal = opened[index]!;
      const store = opened[names.length + index]!;
      return {
        disks: { ...paths, journalDisk: journal.port, storeDisk: store.port },
        released: Promise.all([journal.closed, store.closed]).then(() => {}),
      };
    });
  }

  /** Lets go of all files, when what was posted is on disk. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#journalDisk.close(), this.#storeDisk.close()]);
    await this.#folder[Symbol.asyncDispose]();
  }
}

/** All of them, or, when one cannot be had, none. */
async function allOrNone(asked: readonly Promise<OpenedFolder>[]): Promise<OpenedFolder[]> {
  const answers = await Promise.allSettled(asked);
  try {
    return await Promise.all(asked);
  } catch (reason) {
    for (const answer of answers) if (answer.status === 'fulfilled') answer.value.port.close();
    throw reason;
  }
}
