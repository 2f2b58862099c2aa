import { unpack } from '../../../../actors/codec.ts';
import type { JournalKey } from '../../../../actors/journal.ts';
import { Held, type Ranges } from '../../../../machines/eventual/held.ts';
import type { Redo } from '../../../../machines/eventual/records.ts';
import { readSiblings } from '../../../../machines/eventual/siblings.ts';
import type { VectorClock } from '../../../../machines/eventual/vector-clock.ts';
import { Violation } from '../../violation.ts';
import { type DiskListener, nodeOfDisk } from '../../watch/disk-watch.ts';
import { ServerDisk } from './server-disk.ts';
import { type Write, type WriteHistory, writesIn } from './write-history.ts';

/** Hears of what servers write down. */
export interface ServerDiskListener {
  /** A server writes down its own writes; they are not in the history yet. */
  logged?(node: string, writes: readonly Write[]): void;
  /** A server writes down what it has taken in from others. */
  took?(node: string, write: Write): void;
  /** What a server holds has changed on disk as a whole. */
  changed?(node: string, disk: ServerDisk): void;
  /** A journal lets go of these. */
  forgot?(node: string, writes: readonly Write[], disk: ServerDisk): void;
  /** A journal or a store is lost. */
  lost?(node: string): void;
}

/** Reads the records of servers as they land, or are removed. */
export class ServerDisks {
  readonly #history: WriteHistory;
  readonly #listeners: readonly ServerDiskListener[];
  readonly #disks = new Map<string, ServerDisk>();
  #records = 0;

  constructor(history: WriteHistory, listeners: readonly ServerDiskListener[]) {
    this.#history = history;
    this.#listeners = listeners;
  }

  readonly journal: DiskListener = {
    put: (disk, key, value) => this.#journalPut(nodeOfDisk(disk), key, value),
    deleted: (disk, key) => this.#journalDeleted(nodeOfDisk(disk), key),
    lost: (disk) => this.#lost(nodeOfDisk(disk), (known) => known.loseJournal()),
  };

  readonly store: DiskListener = {
    put: (disk, key, value) => this.#storePut(nodeOfDisk(disk), key, value),
    deleted: (disk, [table, key]) => {
      if (table === 'versions') this.of(nodeOfDisk(disk)).siblings.delete(String(key));
    },
    lost: (disk) => this.#lost(nodeOfDisk(disk), (known) => known.loseStore()),
  };

  of(node: string): ServerDisk {
    const disk = this.#disks.get(node) ?? new ServerDisk();
    this.#disks.set(node, disk);
    return disk;
  }

  get all(): readonly ServerDisk[] {
    return [...this.#disks.values()];
  }

  /** How many records were ever written. */
  get records(): number {
    return this.#records;
  }

  #journalPut(node: string, [table, number]: JournalKey, value: Uint8Array): void {
    this.#records += 1;
    const disk = this.of(node);
    if (table === 'log') {
      const writes = writesIn(value);
      for (const listener of this.#listeners) listener.logged?.(node, writes);
      for (const write of writes) this.#history.add(write);
      const overwritten = disk.forgetLog(Number(number));
      disk.log(Number(number), writes);
      this.#forgot(node, overwritten);
    } else if (table === 'redo') {
      const parts = unpack(value) as readonly Redo[];
      disk.redo(
        Number(number),
        parts.map((part) =>
          part[0] === 'held'
            ? { held: new Held(part[1]), dropped: new Held(part[3]) }
            : { isHeld: part[0] === 'entries', writes: this.#taken(node, part[1]) },
        ),
      );
      if (parts.some(([kind]) => kind === 'held')) this.#changed(node);
    }
  }

  #journalDeleted(node: string, [table, number]: JournalKey): void {
    const disk = this.of(node);
    const gone =
      table === 'log'
        ? disk.forgetLog(Number(number))
        : table === 'redo'
          ? disk.forgetRedo(Number(number))
          : [];
    this.#forgot(node, gone);
  }

  #forgot(node: string, gone: readonly Write[]): void {
    if (gone.length === 0) return;
    for (const listener of this.#listeners) listener.forgot?.(node, gone, this.of(node));
  }

  #storePut(node: string, [table, key]: JournalKey, value: Uint8Array): void {
    this.#records += 1;
    const disk = this.of(node);
    if (table === 'versions') {
      const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      const siblings = readSiblings(bytes, 0, bytes.byteLength);
      disk.siblings.set(
        String(key),
        siblings.map(({ origin, counter }) => this.#known(node, origin, counter)),
      );
    } else if (table === 'members') {
      disk.isAlone = (unpack(value) as readonly number[]).length === 1;
    } else if (table === 'state') {
      const [held] = unpack(value) as [Ranges, VectorClock];
      disk.stored = new Held(held);
      disk.ever.addRanges(held);
      this.#changed(node);
    }
  }

  #lost(node: string, lose: (disk: ServerDisk) => void): void {
    lose(this.of(node));
    for (const listener of this.#listeners) listener.lost?.(node);
  }

  #changed(node: string): void {
    for (const listener of this.#listeners) listener.changed?.(node, this.of(node));
  }

  #taken(node: string, run: Uint8Array): Write[] {
    return writesIn(run).map((write) => {
      for (const listener of this.#listeners) listener.took?.(node, write);
      return this.#known(node, write.origin, write.counter);
    });
  }

  #known(node: string, origin: number, counter: number): Write {
    const write = this.#history.find(origin, counter);
    if (write !== undefined) return write;
    throw new Violation(
      'only what is on disk travels',
      `${node} has ${origin}:${counter}, which its server has not`,
    );
  }
}
