import type { JournalKey, JournalView, JournalWrite } from '../../actors/journal.ts';
import { RecordStore } from '../replication/record-store.ts';
import { DotDigest } from './digest.ts';
import { DotIndex } from './dot-index.ts';
import type { Held } from './held.ts';
import type { Origin } from './origin.ts';
import { type Context, packContext, type RunReader, type RunWriter } from './run.ts';
import {
  contextOf,
  follows,
  isFollowedBy,
  orderOf,
  pastOf,
  readSiblings,
  type Sibling,
  shownOf,
  siblingBytes,
  type Version,
  valueIn,
  writeSiblingHead,
} from './siblings.ts';
import { covers, mergeClocks, NO_CLOCK, type VectorClock } from './vector-clock.ts';

/** What a key shows, and what a session that has read it has read. */
export interface Shown {
  /** Undefined: there is no such key. */
  readonly value: unknown;
  /** A write that follows this takes the place of all versions of the key. */
  readonly order: VectorClock;
  /** What the version rests on that shows, itself counted. */
  readonly past: VectorClock;
}

export const VERSIONS: JournalKey = ['versions'];

interface Found {
  readonly bytes: Buffer;
  readonly siblings: readonly Sibling[];
}

const NOTHING_FOUND: Found = { bytes: Buffer.alloc(0), siblings: [] };
const NOTHING_SHOWN: Shown = { value: undefined, order: NO_CLOCK, past: NO_CLOCK };

/**
 * The versions that a server keeps, by key; and of each, by its number, the key. Versions may come in any order, and
 * again: what is left is the same.
 */
export class VersionStore {
  readonly #records: RecordStore;
  readonly #index = new DotIndex();
  readonly #versions = new DotDigest();
  readonly #shown = new DotDigest();
  readonly #tombstones = new Set<string>();
  #keys = 0;
  #context: Context | undefined;
  #packedContext: Buffer = Buffer.alloc(0);

  /** Reads what is on disk. @throws RangeError for a record that is none, with its key; CorruptRecordError. */
  constructor(store: JournalView, cacheBytesMax?: number) {
    this.#records = new RecordStore(store, VERSIONS, cacheBytesMax);
    for (const [parts, record] of store.range(VERSIONS)) {
      const key = String(parts[VERSIONS.length]);
      const bytes = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
      const siblings = readSiblings(bytes, 0, bytes.byteLength);
      for (const { origin, counter } of siblings) this.#enter(origin, counter, key);
      this.#showOther(undefined, shownOf(siblings));
      if (siblings.some(({ isTombstone }) => isTombstone)) this.#tombstones.add(key);
    }
  }

  get dirtyBytes(): number {
    return this.#records.dirtyBytes;
  }

  /** Of what shows, and of all versions. */
  get digests(): { readonly shown: string; readonly versions: string } {
    return { shown: this.#shown.toString(), versions: this.#versions.toString() };
  }

  /** How many keys show a value. */
  get keys(): number {
    return this.#keys;
  }

  /** The keys that have a tombstone among their versions. */
  get tombstones(): ReadonlySet<string> {
    return this.#tombstones;
  }

  get index(): DotIndex {
    return this.#index;
  }

  /** Takes in a version, unless it is here, or another that follows it. */
  apply(version: RunReader): void {
    const { origin, counter, context, key, isTombstone } = version;
    const { bytes, siblings } = this.#find(key);
    for (const sibling of siblings) if (follows(bytes, sibling, origin, counter)) return;

    const kept: Sibling[] = [];
    for (const sibling of siblings) {
      if (isFollowedBy(sibling, origin, counter, context)) this.#leave(sibling);
      else kept.push(sibling);
    }
    // What the record holds goes when it is resized.
    const keptBytes = kept.map(({ start, end }) => Buffer.from(bytes.subarray(start, end)));
    const packed = this.#packed(context);
    let size = siblingBytes(origin, counter, packed.byteLength, version.end - version.contents);
    for (const part of keptBytes) size += part.byteLength;
    const record = this.#records.resize(key, size);
    let position = record.payload;
    for (const part of keptBytes) position += part.copy(record.slab, position);
    position = writeSiblingHead(origin, counter, packed, record.slab, position);
    version.bytes.copy(record.slab, position, version.contents, version.end);

    this.#enter(origin, counter, key);
    this.#showOther(shownOf(siblings), shownOf([...kept, { origin, counter, isTombstone }]));
    if (isTombstone || kept.some((sibling) => sibling.isTombstone)) this.#tombstones.add(key);
    else this.#tombstones.delete(key);
  }

  /** What a key shows. @throws when a value is no plain data. */
  read(key: string): Shown {
    const { bytes, siblings } = this.#find(key);
    const shown = shownOf(siblings);
    if (shown === undefined) return NOTHING_SHOWN;
    let order = NO_CLOCK;
    for (const sibling of siblings) order = mergeClocks(order, orderOf(bytes, sibling));
    return { value: valueIn(bytes, shown), order, past: pastOf(bytes, shown) };
  }

  /** Packs a version; if others have taken its place, those of them that are not in `held`. */
  packMissing(key: string, origin: Origin, counter: number, held: Held, run: RunWriter): void {
    const { bytes, siblings } = this.#find(key);
    const asked = siblings.find((sibling) => sibling.origin === origin && sibling.counter === counter);
    const missing = siblings.filter((sibling) => !held.has(sibling.origin, sibling.counter));
    for (const sibling of asked === undefined ? missing : [asked]) {
      const context = contextOf(bytes, sibling);
      run.addKept(sibling.origin, sibling.counter, context, key, bytes, sibling.contents, sibling.end);
    }
  }

  /**
   * Forgets the keys of which nothing is left but a tombstone that `stable` covers, with all that it follows: no version
   * of them may ever come again. Gives how many.
   */
  collect(stable: VectorClock): number {
    let collected = 0;
    for (const key of this.#tombstones) {
      const { bytes, siblings } = this.#find(key);
      const [tombstone] = siblings;
      if (tombstone === undefined || siblings.length > 1 || !covers(stable, orderOf(bytes, tombstone)))
        continue;
      this.#leave(tombstone);
      this.#tombstones.delete(key);
      this.#records.resize(key, 0);
      collected += 1;
    }
    return collected;
  }

  /** The keys that show a value, in the order of their UTF-8 bytes, from one on. Read them at once. */
  *shown(from: string): IterableIterator<readonly [key: string, value: unknown]> {
    const read = (bytes: Buffer, start: number, end: number) => {
      const shown = shownOf(readSiblings(bytes, start, end));
      return shown === undefined ? undefined : valueIn(bytes, shown);
    };
    for (const [key, value] of this.#records.scan('', from, read)) {
      if (value !== undefined) yield [key, value];
    }
  }

  /** Appends what is new to a transaction, of a higher number than those before. */
  takeDirty(writes: JournalWrite[], transaction: number): void {
    this.#records.takeDirty(writes, transaction);
  }

  /** The transactions up to this one are on disk. */
  persisted(transaction: number): void {
    this.#records.persisted(transaction);
  }

  #find(key: string): Found {
    const record = this.#records.find(key);
    if (record === undefined || record.payload === record.end) return NOTHING_FOUND;
    return { bytes: record.slab, siblings: readSiblings(record.slab, record.payload, record.end) };
  }

  #packed(context: Context): Buffer {
    if (context !== this.#context) {
      this.#context = context;
      this.#packedContext = packContext(context);
    }
    return this.#packedContext;
  }

  #enter(origin: Origin, counter: number, key: string): void {
    this.#index.set(origin, counter, key);
    this.#versions.toggle(origin, counter);
  }

  #leave({ origin, counter }: Sibling): void {
    this.#index.delete(origin, counter);
    this.#versions.toggle(origin, counter);
  }

  #showOther(before: Version | undefined, after: Version | undefined): void {
    for (const version of [before, after]) {
      if (version === undefined || version.isTombstone) continue;
      this.#shown.toggle(version.origin, version.counter);
      this.#keys += version === before ? -1 : 1;
    }
  }
}
