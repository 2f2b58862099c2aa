import { join } from 'node:path';
import { CorruptJournalError, CorruptRecordError, FilesMissingError, SetAsideError } from '../errors.ts';
import type { DamagePolicy } from '../host.ts';
import { type Memory, majorityRemembers } from '../memory.ts';
import { type ClusterIdentity, type DataFolder, openDataFolder } from './data-folder.ts';
import { Disk, type OpenedFolder } from './disk.ts';
import type { NodeStorage, PreparedNode } from './node-storage.ts';
import { setAside } from './set-aside.ts';
import { folderErrorOf } from './thread-errors.ts';

/** Transactions to a store wait this long for others: what is behind anyway is written in large pieces. */
const STORE_COLLECT_MS = 400;

/** The two things that a node keeps, each a folder of this name within its own. */
type Kind = 'journal' | 'store';

/** An error that says that files are not to be trusted, rather than that they cannot be used just now. */
type Damage = CorruptJournalError | CorruptRecordError;

interface Looked {
  readonly name: string;
  readonly found: OpenedFolder | Damage;
  readonly memory: Memory;
}

/** What the nodes of a host keep: a data folder, and the two disk threads that write in it. */
export class DiskStorage implements NodeStorage {
  readonly #folder: DataFolder;
  /** Of their own, so that a long commit to a store holds up no journal. */
  readonly #disks: Readonly<Record<Kind, Disk>>;
  readonly #damaged: DamagePolicy;
  readonly #warn: (warning: Error) => void;

  private constructor(
    folder: DataFolder,
    journalBytesMax: number,
    damaged: DamagePolicy,
    warn: (warning: Error) => void,
  ) {
    this.#folder = folder;
    this.#damaged = damaged;
    this.#disks = { journal: new Disk(journalBytesMax), store: new Disk(journalBytesMax, STORE_COLLECT_MS) };
    this.#warn = warn;
  }

  /** Opens the data folder and starts the disk threads. @throws as {@link openDataFolder}. */
  static async open(
    dataDir: string,
    identity: ClusterIdentity,
    journalBytesMax: number,
    damaged: DamagePolicy,
    warn: (warning: Error) => void,
  ): Promise<DiskStorage> {
    return new DiskStorage(await openDataFolder(dataDir, identity), journalBytesMax, damaged, warn);
  }

  get members(): readonly string[] {
    return this.#folder.members;
  }

  get former(): readonly string[] {
    return this.#folder.former;
  }

  add(name: string): Promise<void> {
    return this.#folder.addMember(name);
  }

  remove(name: string): Promise<void> {
    return this.#folder.removeMember(name);
  }

  /**
   * Opens the journals and the stores. What is damaged is set aside, the node told that it has lost its memory
   * if it is the journal, and the owner warned; unless that would leave no majority of the members with theirs, or
   * damage is to be refused.
   * @throws CorruptJournalError, CorruptRecordError in that case; then nothing was touched.
   */
  async prepare(
    names: readonly string[],
    running: (name: string) => Memory | undefined,
  ): Promise<PreparedNode[]> {
    const [journals, stores] = await bothOrNone(this.#look('journal', names), this.#look('store', names));
    const open = [...journals, ...stores].map(({ found }) => found).filter(isOpen);
    try {
      await this.#refuseAmnesia('journal', journals, running);
      // Whoever runs has its store: one that is damaged is replaced when its node starts.
      await this.#refuseAmnesia('store', stores, (name) =>
        running(name) === undefined ? undefined : 'kept',
      );
      // Before there is an empty journal, which would else look like one that was kept.
      this.#folder.noteMemories(journals.map(({ name, memory }) => ({ name, isLost: memory === 'lost' })));
      const prepared: PreparedNode[] = [];
      for (const [index, { name, memory, found }] of journals.entries()) {
        const journal = isOpen(found) ? found : await this.#replace('journal', name, found, open);
        const kept = stores[index]!.found;
        const store = isOpen(kept) ? kept : await this.#replace('store', name, kept, open);
        prepared.push({
          memory,
          disks: {
            journalFolder: this.#pathOf('journal', name),
            journalDisk: journal.port,
            storeFolder: this.#pathOf('store', name),
            storeDisk: store.port,
          },
          released: Promise.all([journal.closed, store.closed]).then(() => {}),
        });
      }
      return prepared;
    } catch (reason) {
      for (const { port } of open) port.close();
      throw reason;
    }
  }

  begin(names: readonly string[]): void {
    this.#folder.noteRan(names);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#disks.journal.close(), this.#disks.store.close()]);
    await this.#folder[Symbol.asyncDispose]();
  }

  /** Opens what is sound, and tells what is not. None stays open when one fails for another reason. */
  async #look(kind: Kind, names: readonly string[]): Promise<Looked[]> {
    return allOrNone(names.map((name) => this.#lookAt(kind, name)));
  }

  async #lookAt(kind: Kind, name: string): Promise<Looked> {
    const ran = this.#folder.hasRun(name);
    try {
      const found = await this.#disks[kind].open(this.#pathOf(kind, name), this.#ownerOf(kind, name), !ran);
      if (!found.isEmpty) return { name, found, memory: 'kept' };
      const isLost = kind === 'journal' && this.#folder.hasLost(name);
      return { name, found, memory: !ran ? 'new' : isLost ? 'lost' : 'kept' };
    } catch (error) {
      if (!(error instanceof CorruptJournalError || error instanceof CorruptRecordError)) throw error;
      return { name, found: error, memory: ran ? 'lost' : 'new' };
    }
  }

  async #refuseAmnesia(
    kind: Kind,
    looked: readonly Looked[],
    running: (name: string) => Memory | undefined,
  ): Promise<void> {
    const lost = looked.find(({ memory }) => memory === 'lost');
    if (lost === undefined) return;
    if (this.#damaged === 'setAside') {
      const others = this.members.filter((member) => looked.every(({ name }) => name !== member));
      const memories = await Promise.all(
        others.map(async (name) => running(name) ?? (await this.#memoryAtRest(kind, name))),
      );
      if (majorityRemembers([...looked.map(({ memory }) => memory), ...memories])) return;
    }
    throw isOpen(lost.found)
      ? new CorruptJournalError(this.#pathOf(kind, lost.name), new Error('it was lost before'))
      : lost.found;
  }

  /** What a node that is not to start now would remember if it did. */
  async #memoryAtRest(kind: Kind, name: string): Promise<Memory> {
    // It never ran: there is nothing to open, and nothing that it could have forgotten.
    if (!this.#folder.hasRun(name)) return 'new';
    const { found, memory } = await this.#lookAt(kind, name);
    if (isOpen(found)) {
      found.port.close();
      await found.closed;
    }
    return memory;
  }

  async #replace(kind: Kind, name: string, damage: Damage, open: OpenedFolder[]): Promise<OpenedFolder> {
    const path = this.#pathOf(kind, name);
    let aside: string | undefined;
    try {
      aside = setAside(path);
    } catch (cause) {
      throw folderErrorOf(path, cause);
    }
    this.#warn(aside === undefined ? new FilesMissingError(path) : new SetAsideError(path, aside, damage));
    const opened = await this.#disks[kind].open(path, this.#ownerOf(kind, name));
    open.push(opened);
    return opened;
  }

  #ownerOf(kind: Kind, name: string): string {
    return `${kind} of node ${name} of cluster ${this.#folder.identity.cluster}`;
  }

  #pathOf(kind: Kind, name: string): string {
    return join(this.#folder.nodeFolder(name), kind);
  }
}

function isOpen(found: OpenedFolder | Damage): found is OpenedFolder {
  return !(found instanceof Error);
}

/** All of them, or, when one cannot be had, none: those that are open are closed. */
async function allOrNone(asked: readonly Promise<Looked>[]): Promise<Looked[]> {
  const answers = await Promise.allSettled(asked);
  try {
    return await Promise.all(asked);
  } catch (reason) {
    close(answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : [])));
    throw reason;
  }
}

async function bothOrNone(
  first: Promise<Looked[]>,
  second: Promise<Looked[]>,
): Promise<[Looked[], Looked[]]> {
  const answers = await Promise.allSettled([first, second]);
  try {
    return await Promise.all([first, second]);
  } catch (reason) {
    close(answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : [])));
    throw reason;
  }
}

function close(looked: readonly Looked[]): void {
  for (const { found } of looked) if (isOpen(found)) found.port.close();
}
