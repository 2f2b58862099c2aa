import type { JournalKey, JournalView, JournalWrite } from '../../actors/journal.ts';
import { RecordStore } from '../replication/record-store.ts';
import { DotDigest } from './digest.ts';
import { DotIndex } from './dot-index.ts';
import type { Held } from './held.ts';
import type { Origin } from './origin.ts';
import { corrupt } from './records.ts';
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
const NO_VERSIONS: readonly Version[] = [];
const NO_BYTES: readonly Buffer[] = [];
const NOTHING_SHOWN: Shown = { value: undefined, order: NO_CLOCK, past: NO_CLOCK };

/**
 * The versions that a server keeps, by key; and of each, by its number, the key. Versions may come in any order, and
 * again: what is left is the same.
 *
 * Which versions a key has is known in memory, so that one that follows all of them takes their place without a look at
 * the record, which may be on disk.
 */
export class VersionStore {
  readonly #records: RecordStore;
  readonly #known = new Map<string, readonly Version[]>();
  readonly #index = new DotIndex();
  readonly #versions = new DotDigest();
  readonly #shown = new DotDigest();
  readonly #tombstones = new Set<string>();
  #keys = 0;
  #context: Context | undefined;
  #packedContext: Buffer = Buffer.alloc(0);

  /** Looks through what is on disk. @throws SynodError `SYNOD_CORRUPT_RECORD`. */
  constructor(store: JournalView, cacheBytesMax?: number) {
    this.#records = new RecordStore(store, VERSIONS, cacheBytesMax);
    for (const [parts, record] of store.range(VERSIONS)) {
      const key = String(parts[VERSIONS.length]);
      const bytes = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
      const siblings = this.#readStored(key, bytes);
      this.#note(
        key,
        NO_VERSIONS,
        siblings.map(({ origin, counter, isTombstone }) => ({ origin, counter, isTombstone })),
      );
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
    const known = this.#known.get(key) ?? NO_VERSIONS;
    for (const other of known) if (other.origin === origin && other.counter >= counter) return;
    const kept = known.filter((other) => !isFollowedBy(other, origin, counter, context));
    const keptBytes = this.#bytesOf(key, kept, origin, counter);
    if (keptBytes === undefined) return;

    const packed = this.#packed(context);
    let size = siblingBytes(origin, counter, packed.byteLength, version.end - version.contents);
    for (const part of keptBytes) size += part.byteLength;
    const record = this.#records.resize(key, size);
    let position = record.payload;
    for (const part of keptBytes) position += part.copy(record.slab, position);
    position = writeSiblingHead(origin, counter, packed, record.slab, position);
    version.bytes.copy(record.slab, position, version.contents, version.end);
    this.#note(key, known, [...kept, { origin, counter, isTombstone }]);
  }

  /** Forgets a version, if it is here. */
  drop(origin: Origin, counter: number): void {
    const key = this.#index.get(origin, counter);
    if (key === undefined) return;
    const known = this.#known.get(key) ?? NO_VERSIONS;
    const { bytes, siblings } = this.#find(key);
    const isKept = (version: Version) => version.origin !== origin || version.counter !== counter;
    const parts = siblings.filter(isKept).map(({ start, end }) => Buffer.from(bytes.subarray(start, end)));
    const record = this.#records.resize(
      key,
      parts.reduce((size, part) => size + part.byteLength, 0),
    );
    let position = record.payload;
    for (const part of parts) position += part.copy(record.slab, position);
    this.#note(key, known, known.filter(isKept));
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
      this.#note(key, siblings, NO_VERSIONS);
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
    const record = this.#known.has(key) ? this.#records.find(key) : undefined;
    if (record === undefined || record.payload === record.end) return NOTHING_FOUND;
    return { bytes: record.slab, siblings: readSiblings(record.slab, record.payload, record.end) };
  }

  /** Copies of versions as they stand in their record; undefined when one of them follows a write of that number. */
  #bytesOf(
    key: string,
    kept: readonly Version[],
    origin: Origin,
    counter: number,
  ): readonly Buffer[] | undefined {
    if (kept.length === 0) return NO_BYTES;
    const { bytes, siblings } = this.#find(key);
    const parts: Buffer[] = [];
    for (const sibling of siblings) {
      if (!kept.some((version) => version.origin === sibling.origin)) continue;
      if (follows(bytes, sibling, origin, counter)) return undefined;
      parts.push(Buffer.from(bytes.subarray(sibling.start, sibling.end)));
    }
    return parts;
  }

  #readStored(key: string, bytes: Buffer): Sibling[] {
    try {
      return readSiblings(bytes, 0, bytes.byteLength);
    } catch (cause) {
      throw corrupt(`${VERSIONS.join(' ')} ${key}`, cause);
    }
  }

  #packed(context: Context): Buffer {
    if (context !== this.#context) {
      this.#context = context;
      this.#packedContext = packContext(context);
    }
    return this.#packedContext;
  }

  /** A key has these versions now, and had those before. */
  #note(key: string, before: readonly Version[], now: readonly Version[]): void {
    for (const version of before) {
      if (now.includes(version)) continue;
      this.#index.delete(version.origin, version.counter);
      this.#versions.toggle(version.origin, version.counter);
    }
    for (const version of now) {
      if (before.includes(version)) continue;
      this.#index.set(version.origin, version.counter, key);
      this.#versions.toggle(version.origin, version.counter);
    }
    this.#show(shownOf(before), -1);
    this.#show(shownOf(now), 1);
    if (now.length > 0) this.#known.set(key, now);
    else this.#known.delete(key);
    if (now.some(({ isTombstone }) => isTombstone)) this.#tombstones.add(key);
    else this.#tombstones.delete(key);
  }

  #show(version: Version | undefined, step: 1 | -1): void {
    if (version === undefined || version.isTombstone) return;
    this.#shown.toggle(version.origin, version.counter);
    this.#keys += step;
  }
}
