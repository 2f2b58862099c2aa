import type { JournalWrite } from '../../actors/journal.ts';
import { CorruptSnapshotError } from './errors.ts';
import { openChunk, type SnapshotChunk, type SnapshotCursor, type SnapshotEntry } from './snapshot.ts';
import { DATA, decodeHeader, encodeHeader, HEADER_KEY, SESSION, type StateHeader } from './state-records.ts';

/**
 * A snapshot on its way in: its pieces fill a generation of their own, beside the one in force, and the last
 * write switches to it. Until then a crash leaves the old state, and the rest of the broken one is cleared.
 */
export class SnapshotInstall {
  readonly index: number;
  readonly generation: number;
  #header: StateHeader | undefined;
  #sequence = 0;
  #next: SnapshotCursor | null = null;

  constructor(index: number, generation: number) {
    this.index = index;
    this.generation = generation;
  }

  /** Where the piece starts that is wanted next; null for the first. Of no meaning once {@link complete}. */
  get next(): SnapshotCursor | null {
    return this.#next;
  }

  /** Whether every piece has been taken. */
  get complete(): boolean {
    return this.#sequence > 0 && this.#next === null;
  }

  /** The writes of a piece; none for one that was taken before. @throws CorruptSnapshotError, and nothing has changed. */
  take(chunk: SnapshotChunk): JournalWrite[] {
    if (chunk.index !== this.index) {
      throw new CorruptSnapshotError(
        `a piece of the snapshot at ${chunk.index} came for that at ${this.index}`,
      );
    }
    if (chunk.sequence < this.#sequence) return [];
    if (chunk.sequence > this.#sequence || this.complete) {
      throw new CorruptSnapshotError(
        `piece ${chunk.sequence} of a snapshot came where ${this.#sequence} is next`,
      );
    }
    const entries = openChunk(chunk);
    if (chunk.sequence === 0) this.#header = headerOf(entries, this.index);
    this.#sequence += 1;
    this.#next = chunk.next;
    const cleared = chunk.sequence === 0 ? clearGeneration(this.generation) : [];
    return [...cleared, ...entries.filter(([key]) => key.length > 1).map((entry) => this.#write(entry))];
  }

  /** The one write that puts the snapshot in force. */
  finish(): JournalWrite[] {
    if (!this.complete || this.#header === undefined)
      throw new Error('a snapshot is put in force before its end');
    return [{ key: HEADER_KEY, value: encodeHeader({ ...this.#header, generation: this.generation }) }];
  }

  #write([[table, ...rest], record]: SnapshotEntry): JournalWrite {
    // A copy: the record is a view into the frame that carried it.
    return { key: [String(table), this.generation, ...rest], value: new Uint8Array(record) };
  }
}

/** Clears all that a generation holds. */
export function clearGeneration(generation: number): JournalWrite[] {
  return [{ clear: [SESSION, generation] }, { clear: [DATA, generation] }];
}

function headerOf(entries: readonly SnapshotEntry[], index: number): StateHeader {
  const first = entries[0];
  if (first === undefined || first[0][0] !== HEADER_KEY[0]) {
    throw new CorruptSnapshotError('a snapshot does not begin with its header');
  }
  let header: StateHeader;
  try {
    header = decodeHeader(first[1]);
  } catch (cause) {
    throw new CorruptSnapshotError('the header of a snapshot is broken', { cause });
  }
  if (header.applied !== index)
    throw new CorruptSnapshotError(`a snapshot of ${header.applied} came as one of ${index}`);
  return header;
}
