import type { ServerDisk } from './server-disk.ts';
import type { ServerDiskListener } from './server-disks.ts';
import type { Write, WriteHistory } from './write-history.ts';

/** The writes that were on no disk any more when one had lost what it had: these alone may be gone at the end. */
export class LostWrites implements ServerDiskListener {
  readonly #history: WriteHistory;
  readonly #disks: () => readonly ServerDisk[];
  readonly #lost = new Set<Write>();

  constructor(history: WriteHistory, disks: () => readonly ServerDisk[]) {
    this.#history = history;
    this.#disks = disks;
  }

  lost(): void {
    const held = this.#disks().map((disk) => disk.held);
    for (const write of this.#history.all)
      if (!held.some((one) => one.has(write.origin, write.counter))) this.#lost.add(write);
  }

  /** Whether it may be gone. Others may have had it in memory. */
  has(write: Write): boolean {
    return this.#lost.has(write);
  }

  get size(): number {
    return this.#lost.size;
  }
}
