import { CorruptJournalError, CorruptRecordError, FilesMissingError, SetAsideError } from '../errors.ts';
import { CLIENTS, type DamagePolicy } from '../host.ts';
import { type JournalKind, type Memory, majorityRemembers } from '../memory.ts';
import { MemoryDisk } from '../memory-journal.ts';
import { BadSimulationError } from './errors.ts';
import type { Pace } from './settings.ts';
import type { SimulatedNode } from './simulated-node.ts';

/** The two things that a node keeps. */
const DISKS = ['disk', 'storeDisk'] as const;
type Disk = (typeof DISKS)[number];

/** What there is of a node, whether it runs or not. */
export interface Place {
  readonly disk: MemoryDisk;
  readonly storeDisk: MemoryDisk;
  /** Whether it has run, or was about to. */
  ran: boolean;
  /** Whether its files are gone. */
  isMissing: boolean;
  /** Whether it started without its memory, and has written nothing since. */
  hasLost: boolean;
  /** What the present life, or else the last, started with. */
  memory: Memory;
  /** The life that runs or is about to. */
  life: SimulatedNode | undefined;
  pace: Pace;
}

interface PlacesOptions {
  readonly journal: JournalKind;
  readonly damaged: DamagePolicy;
  /** Of a node that is as fast as nodes are. */
  readonly pace: Pace;
}

/** The nodes of a simulated host, and what they remember: what the data folder is to threads. */
export class Places {
  readonly #options: PlacesOptions;
  readonly #places = new Map<string, Place>();
  readonly #former = new Set<string>();

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  get names(): readonly string[] {
    return [...this.#places.keys()];
  }

  get former(): readonly string[] {
    return [...this.#former];
  }

  has(name: string): boolean {
    return this.#places.has(name);
  }

  /** Undefined where there is no such node: frames may be on their way to one that was removed. */
  find(name: string): Place | undefined {
    return this.#places.get(name);
  }

  /** @throws BadSimulationError when there is no such node. */
  of(name: string): Place {
    const place = this.#places.get(name);
    if (place === undefined)
      throw new BadSimulationError(`there is no node "${name}"`, `the nodes are ${this.names.join(', ')}`);
    return place;
  }

  /** @throws BadSimulationError when no node can have this name, or one has it. */
  add(name: string): void {
    if (
      name === '' ||
      name === CLIENTS ||
      name.includes('/') ||
      name.includes(' ') ||
      this.#places.has(name)
    ) {
      throw new BadSimulationError(
        `"${name}" cannot name a node`,
        `use names that differ, without slash or space, other than "${CLIENTS}"`,
      );
    }
    this.#former.delete(name);
    this.#places.set(name, {
      disk: new MemoryDisk(),
      storeDisk: new MemoryDisk(),
      ran: false,
      isMissing: false,
      hasLost: false,
      memory: 'new',
      life: undefined,
      pace: this.#options.pace,
    });
  }

  /** @throws BadSimulationError when it is the last one. */
  remove(name: string): void {
    if (this.#places.size === 1)
      throw new BadSimulationError(`"${name}" is the last node`, 'add another one before it is removed');
    this.#places.delete(name);
    this.#former.add(name);
  }

  /** What the present life of a node started with, or what the next one would. */
  memoryOf(name: string): Memory {
    const place = this.of(name);
    return place.life === undefined ? this.#atRest('disk', place) : place.memory;
  }

  /**
   * Finds out what nodes remember that are to start, and replaces what is damaged, as on threads.
   * @param members those who have a say in it; who runs on without being one of them has no memory to lose.
   * @throws CorruptJournalError when that would leave no majority of them with theirs, or damage is to be refused.
   */
  recall(names: readonly string[], members: readonly string[], warn: (warning: Error) => void): void {
    for (const disk of DISKS) this.#refuseAmnesia(disk, names, members);
    for (const name of names) {
      const place = this.of(name);
      place.memory = this.#atRest('disk', place);
      place.hasLost = place.memory === 'lost';
      for (const disk of DISKS) {
        const path = pathOf(disk, name);
        if (place.isMissing) {
          warn(new FilesMissingError(path));
        } else if (place[disk].isDamaged) {
          place[disk].erase();
          warn(new SetAsideError(path, 'nothing', new CorruptRecordError(path, 'of rot')));
        }
      }
      place.isMissing = false;
    }
  }

  #refuseAmnesia(disk: Disk, names: readonly string[], members: readonly string[]): void {
    if (this.#options.journal === 'memory') return;
    const lost = names.find((name) => members.includes(name) && this.#atRest(disk, this.of(name)) === 'lost');
    if (lost === undefined) return;
    const lostJournal = new CorruptJournalError(pathOf(disk, lost), new Error('it was lost, or has rotted'));
    if (this.#options.damaged === 'refuse') throw lostJournal;
    const memories = members.map((name) => {
      const place = this.of(name);
      if (place.life === undefined) return this.#atRest(disk, place);
      return disk === 'disk' ? place.memory : 'kept';
    });
    if (!majorityRemembers(memories)) throw lostJournal;
  }

  #atRest(disk: Disk, place: Place): Memory {
    const { ran, isMissing, hasLost } = place;
    if (!ran) return 'new';
    if (this.#options.journal === 'memory' || isMissing || place[disk].isDamaged) return 'lost';
    return disk === 'disk' && hasLost && place.disk.size === 0 ? 'lost' : 'kept';
  }
}

/** How messages call what a node keeps; there are no files. */
function pathOf(disk: Disk, node: string): string {
  return `${node}/${disk === 'disk' ? 'journal' : 'store'}`;
}
