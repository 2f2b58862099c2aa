import type { JournalView, JournalWrite } from '../../actors/journal.ts';
import type { ApplicationState, ReadableState } from './application.ts';
import { plainCopy } from './plain-data.ts';
import { packable, payloadBytes, readPayload, writePayload } from './record-payload.ts';
import { checkKey, RecordStore } from './record-store.ts';
import { dataPrefix } from './state-records.ts';

/** The data of one application as its operations see it: records that are written behind. */
export class ApplicationStore implements ApplicationState {
  /** The same data, for queries. */
  readonly reader: ReadableState;
  readonly #records: RecordStore;

  constructor(journal: JournalView, generation: number, application: string, cacheBytesMax?: number) {
    this.#records = new RecordStore(journal, dataPrefix(generation, application), cacheBytesMax);
    this.reader = { get: (key) => this.get(key), scan: (prefix, from) => this.scan(prefix, from) };
  }

  /** A rough size of what {@link takeDirty} would give. */
  get dirtyBytes(): number {
    return this.#records.dirtyBytes;
  }

  get(key: string): unknown {
    const record = this.#records.find(key);
    if (record === undefined || record.payload === record.end) return undefined;
    return readPayload(record.slab, record.payload, record.end);
  }

  put(key: string, value: unknown): void {
    checkKey(key);
    if (value === undefined) {
      this.#records.resize(key, 0);
      return;
    }
    const packed = packable(plainCopy(value));
    const record = this.#records.resize(key, payloadBytes(packed));
    writePayload(packed, record.slab, record.payload);
  }

  delete(key: string): void {
    this.#records.resize(key, 0);
  }

  /** The entries as they are now: what is written while they are read does not show. Read them at once. */
  scan(prefix: string, from = prefix): IterableIterator<readonly [key: string, value: unknown]> {
    return this.#records.scan(prefix, from, readPayload);
  }

  /** Appends what is dirty to a transaction, of a higher number than those before. It is remembered until {@link persisted}. */
  takeDirty(writes: JournalWrite[], transaction: number): void {
    this.#records.takeDirty(writes, transaction);
  }

  /** The transactions up to this one are on disk. */
  persisted(transaction: number): void {
    this.#records.persisted(transaction);
  }
}
