import { pack, unpack } from '../../actors/codec.ts';
import type { Journal, JournalKey, JournalView } from '../../actors/journal.ts';
import { crc32 } from './checksum.ts';
import { CorruptSnapshotError } from './errors.ts';
import { DATA, decodeHeader, EMPTY_HEADER, HEADER_KEY, SESSION, type StateHeader } from './state-records.ts';

/** Where a snapshot goes on. Plain data; means something for a snapshot of the same index alone. */
export interface SnapshotCursor {
  /** The number of the piece, counted from 0. */
  readonly sequence: number;
  /** The first record of the piece, its key without the generation. */
  readonly from: JournalKey;
}

/** A piece of a snapshot, as plain data that msgpack can carry. */
export interface SnapshotChunk {
  /** The applied index that the whole snapshot stands for. */
  readonly index: number;
  readonly sequence: number;
  /** Packed {@link SnapshotEntry}s. */
  readonly entries: Uint8Array;
  /** Of everything else in the piece. */
  readonly checksum: number;
  /** Where the next piece starts; null at the end. */
  readonly next: SnapshotCursor | null;
}

/** A record: its key without the generation, and its bytes. The first one of a snapshot is the header. */
export type SnapshotEntry = readonly [key: JournalKey, record: Uint8Array];

/** The tables of a snapshot, in the order in which they are sent, after the header. */
const TABLES = [SESSION, DATA];
/** What a record costs in a piece beside its value: key and lengths. A rough figure. */
const ENTRY_OVERHEAD_BYTES = 32;

/** The durable state as it stood when it was opened, to be read in pieces. Dispose it when done: it holds the disk's pages. */
export class SnapshotSource implements Disposable {
  /** The applied index that it stands for; 0 when nothing was durable. */
  readonly index: number;
  readonly #header: StateHeader;
  readonly #view: JournalView & Disposable;

  constructor(journal: Journal) {
    this.#view = journal.snapshot();
    const header = this.#view.get(HEADER_KEY);
    this.#header = header === undefined ? EMPTY_HEADER : decodeHeader(header);
    this.index = this.#header.applied;
  }

  /** The piece at `cursor` (the first without one), of about `bytesMax` bytes, or of one record that is larger. */
  read(cursor: SnapshotCursor | null, bytesMax: number): SnapshotChunk {
    const sequence = cursor?.sequence ?? 0;
    const entries: SnapshotEntry[] = [];
    let next: SnapshotCursor | null = null;
    let bytes = 0;
    for (const [key, record] of this.#records(cursor?.from ?? HEADER_KEY)) {
      bytes += ENTRY_OVERHEAD_BYTES + record.byteLength;
      if (bytes > bytesMax && entries.length > 0) {
        next = { sequence: sequence + 1, from: key };
        break;
      }
      entries.push([key, record]);
    }
    const packed = pack(entries);
    return {
      index: this.index,
      sequence,
      entries: packed,
      next,
      checksum: checksumOf(this.index, sequence, next, packed),
    };
  }

  [Symbol.dispose](): void {
    this.#view[Symbol.dispose]();
  }

  *#records(from: JournalKey): Iterable<SnapshotEntry> {
    if (from[0] === HEADER_KEY[0]) {
      const header = this.#view.get(HEADER_KEY);
      if (header !== undefined) yield [HEADER_KEY, header];
    }
    const { generation } = this.#header;
    const [fromTable, ...fromRest] = from;
    for (const table of TABLES.slice(Math.max(0, TABLES.indexOf(String(fromTable))))) {
      const prefix = [table, generation];
      const start = table === fromTable ? [...prefix, ...fromRest] : prefix;
      for (const [[, , ...rest], record] of this.#view.range(prefix, start)) yield [[table, ...rest], record];
    }
  }
}

/** The entries of a piece. @throws CorruptSnapshotError when it is not as it was sent. */
export function openChunk({ index, sequence, entries, checksum, next }: SnapshotChunk): SnapshotEntry[] {
  if (checksumOf(index, sequence, next, entries) !== checksum) {
    throw new CorruptSnapshotError(`piece ${sequence} of the snapshot at ${index} fails its checksum`);
  }
  let decoded: unknown;
  try {
    decoded = unpack(entries);
  } catch (cause) {
    throw new CorruptSnapshotError(`piece ${sequence} of the snapshot at ${index} does not decode`, {
      cause,
    });
  }
  if (Array.isArray(decoded) && decoded.every(isEntry)) return decoded;
  throw new CorruptSnapshotError(
    `piece ${sequence} of the snapshot at ${index} holds something that is no record`,
  );
}

function isEntry(value: unknown): value is SnapshotEntry {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [key, record] = value as unknown[];
  if (!Array.isArray(key) || !(record instanceof Uint8Array)) return false;
  const [table, first, second] = key as unknown[];
  if (table === HEADER_KEY[0]) return key.length === 1;
  if (table === SESSION) return key.length === 2 && Number.isSafeInteger(first);
  return table === DATA && key.length === 3 && typeof first === 'string' && typeof second === 'string';
}

function checksumOf(
  index: number,
  sequence: number,
  next: SnapshotCursor | null,
  entries: Uint8Array,
): number {
  return crc32(entries, crc32(pack([index, sequence, next])));
}
