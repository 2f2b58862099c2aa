import type { Journal, JournalKey, JournalView, JournalWrite } from '../journal.ts';
import type { DiskName } from '../trace.ts';
import type { ThreadTrace } from './thread-trace.ts';

/** A journal that tells of each transaction when it is on disk. */
export class TracedJournal implements Journal {
  readonly #journal: Journal;
  readonly #node: string;
  readonly #disk: DiskName;
  readonly #trace: ThreadTrace;

  constructor(journal: Journal, node: string, disk: DiskName, trace: ThreadTrace) {
    this.#journal = journal;
    this.#node = node;
    this.#disk = disk;
    this.#trace = trace;
  }

  get flushes(): number {
    return this.#journal.flushes;
  }

  get(key: JournalKey): Uint8Array | undefined {
    return this.#journal.get(key);
  }

  range(prefix: JournalKey, from?: JournalKey): IterableIterator<readonly [JournalKey, Uint8Array]> {
    return this.#journal.range(prefix, from);
  }

  snapshot(): JournalView & Disposable {
    return this.#journal.snapshot();
  }

  commit(writes: readonly JournalWrite[], durable: () => void): void {
    const sinceMs = this.#trace.now();
    this.#journal.commit(writes, () => {
      this.#trace.add({ event: 'flush', node: this.#node, disk: this.#disk, transactions: 1, sinceMs });
      durable();
    });
  }
}
