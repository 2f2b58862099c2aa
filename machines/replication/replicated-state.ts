import type { Journal, JournalWrite } from '../../actors/journal.ts';
import type { Application } from './application.ts';
import { ApplicationStore } from './application-store.ts';
import { type Chunk, decodeChunk, type NamedOperation, type OperationsChunk } from './command.ts';
import { BadChunkError, UnknownApplicationError } from './errors.ts';
import { plainCopy } from './plain-data.ts';
import { resultOf, type Session, SessionTable } from './session-table.ts';
import { type SnapshotChunk, type SnapshotCursor, SnapshotSource } from './snapshot.ts';
import { clearGeneration, SnapshotInstall } from './snapshot-install.ts';
import {
  DATA,
  decodeHeader,
  EMPTY_HEADER,
  encodeHeader,
  HEADER_KEY,
  SESSION,
  sessionKey,
  sessionPrefix,
} from './state-records.ts';

/** What became of a chunk. */
export type Outcome =
  | { readonly kind: 'opened'; readonly nonce: string; readonly session: number }
  /** One result an operation. That of a repeated one is what it was at first, undefined where it is no longer kept. */
  | {
      readonly kind: 'results';
      readonly session: number;
      readonly first: number;
      readonly results: readonly unknown[];
    }
  /** Nothing was applied: the client is to send again from `expected` on. */
  | { readonly kind: 'gap'; readonly session: number; readonly expected: number }
  /** The session is not known, or was forgotten: whether its unanswered operations were applied is not known either. */
  | { readonly kind: 'expired'; readonly session: number }
  /** The bytes were no chunk; nothing was applied. */
  | { readonly kind: 'malformed'; readonly error: string };

/** The result of an operation that was refused before it could do anything: `refused` is the code of the reason. */
export interface Refusal {
  readonly refused: string;
}

/** Transactions on their way to the disk, at most. */
export const TRANSACTIONS_MAX = 64;

/** Longest name of an application: letters, digits, dot, hyphen and underscore. */
const APPLICATION_NAME = /^[\w.-]{1,64}$/;

/**
 * The state that a replicated log builds: applications, client sessions, and how far the log is applied. All in
 * memory as far as it is new; on disk by write-behind, every write together with the index that it belongs to.
 * Deterministic: the same slots in the same order give the same state and outcomes on every replica.
 *
 * The transactions that it gives out are to reach the journal in the order in which they were given out.
 */
export class ReplicatedState {
  readonly #journal: Journal;
  readonly #applications: ReadonlyMap<string, Application>;
  readonly #stores = new Map<string, ApplicationStore>();
  #versions = new Map<string, number>();
  #sessions = new SessionTable();
  #generation = 0;
  #applied = 0;
  #anchor: unknown = null;
  #durable = 0;
  /** The transactions under way, the oldest first. */
  #flushing: { readonly transaction: number; readonly applied: number }[] = [];
  #lastTransaction = 0;
  /** Generations that are no longer, or not yet, in force and wait to be cleared. */
  readonly #outdated = new Set<number>();
  #install: SnapshotInstall | undefined;
  #switching = false;

  /** Loads what the journal holds durably. @throws CorruptRecordError, TypeError when that is broken. */
  constructor(journal: Journal, applications: readonly Application[]) {
    this.#journal = journal;
    this.#applications = new Map(applications.map((application) => [application.name, application]));
    if (this.#applications.size < applications.length)
      throw new TypeError('two applications have the same name');
    for (const { name } of applications) {
      if (!APPLICATION_NAME.test(name)) throw new TypeError(`"${name}" is no name for an application`);
    }
    this.#load();
  }

  /** Index of the last slot applied, 0 for none. */
  get applied(): number {
    return this.#applied;
  }

  /** What the protocol gave with the index {@link applied}; null for none. */
  get anchor(): unknown {
    return this.#anchor;
  }

  /** The applied index that is on disk. */
  get durable(): number {
    return this.#durable;
  }

  /** A rough size of what has been applied and not yet been taken by {@link takeDirty}. */
  get dirtyBytes(): number {
    let bytes = this.#sessions.dirtyBytes;
    for (const store of this.#stores.values()) bytes += store.dirtyBytes;
    return bytes;
  }

  /**
   * Applies one slot; `index` must be the next. The outcomes stand in the order of the chunks. The anchor is what the
   * protocol must know again of the last applied index: plain data, kept and sent with the state.
   * Throws what an application throws: the node must end then.
   */
  apply(index: number, chunks: readonly Uint8Array[], anchor: unknown = null): Outcome[] {
    if (index !== this.#applied + 1) throw new Error(`slot ${index} is applied after ${this.#applied}`);
    if (this.#switching) throw new Error(`slot ${index} is applied while a snapshot is put in force`);
    this.#applied = index;
    this.#anchor = anchor;
    return chunks.map((chunk) => this.#applyChunk(chunk));
  }

  /** Asks an application. @throws UnknownApplicationError, and what the application throws. */
  query(application: string, query: unknown): unknown {
    const known = this.#applications.get(application);
    if (known === undefined) throw new UnknownApplicationError(application, [...this.#applications.keys()]);
    return known.query(query, this.#storeOf(application).reader);
  }

  /** How many operations the application has ever applied; the same on every replica at the same index. */
  version(application: string): number {
    return this.#versions.get(application) ?? 0;
  }

  /**
   * Takes all that is dirty as one transaction together with the applied index. Undefined when nothing is
   * dirty, or while {@link TRANSACTIONS_MAX} that were taken are not {@link persisted}.
   */
  takeDirty(): JournalWrite[] | undefined {
    if (!this.mayTake) return undefined;
    const transaction = ++this.#lastTransaction;
    this.#flushing.push({ transaction, applied: this.#applied });
    const generation = this.#generation;
    const writes: JournalWrite[] = [...this.#outdated].flatMap(clearGeneration);
    this.#outdated.clear();
    for (const store of this.#stores.values()) store.takeDirty(writes, transaction);
    for (const [session, value] of this.#sessions.takeDirty()) {
      writes.push({ key: sessionKey(generation, session), value });
    }
    writes.push({ key: HEADER_KEY, value: this.#encodeHeader() });
    return writes;
  }

  /** Whether anything is applied, or outdated, that no transaction has taken. */
  get isDirty(): boolean {
    return this.#applied > (this.#flushing.at(-1)?.applied ?? this.#durable) || this.#outdated.size > 0;
  }

  /** Whether {@link takeDirty} would give anything. */
  get mayTake(): boolean {
    return this.isDirty && this.#flushing.length < TRANSACTIONS_MAX && !this.#switching;
  }

  /** The transaction taken longest ago is on disk. */
  persisted(): void {
    const flushed = this.#flushing.shift();
    if (flushed === undefined) throw new Error('a transaction is on disk that was never taken');
    this.#durable = flushed.applied;
    for (const store of this.#stores.values()) store.persisted(flushed.transaction);
  }

  /** The durable state as it is now, for a replica that was away. */
  openSnapshot(): SnapshotSource {
    return new SnapshotSource(this.#journal);
  }

  /** Begins to take in a snapshot of a later index; one that was under way is dropped. */
  beginInstall(index: number): void {
    if (index <= this.#applied) throw new Error(`a snapshot of ${index} would go back from ${this.#applied}`);
    this.abortInstall();
    this.#install = new SnapshotInstall(index, this.#generation + 1);
  }

  /** The index of the snapshot that is being taken in. */
  get installing(): number | undefined {
    return this.#install?.index;
  }

  /** The piece of it that is wanted next, null for the first; undefined when there is none to want. */
  get installCursor(): SnapshotCursor | null | undefined {
    return this.#install === undefined || this.#install.complete ? undefined : this.#install.next;
  }

  /**
   * Takes in a piece; its writes may be persisted one piece at a time. None for a piece that was there before.
   * @throws CorruptSnapshotError when the piece is damaged or not the next; it may be asked for again.
   */
  install(chunk: SnapshotChunk): JournalWrite[] {
    const install = this.#installUnderWay();
    const writes = install.take(chunk);
    if (writes.length > 0) this.#outdated.delete(install.generation);
    return writes;
  }

  /** After the last piece: the one small transaction that puts the snapshot in force. Nothing is applied until {@link installed}. */
  finishInstall(): JournalWrite[] {
    const install = this.#installUnderWay();
    if (install.index <= this.#applied) throw new Error('a snapshot is put in force that was passed by');
    const writes = install.finish();
    this.#switching = true;
    return writes;
  }

  /** The transaction of {@link finishInstall} is on disk: goes on from there. */
  installed(): void {
    if (!this.#switching) throw new Error('a snapshot is in force that was never finished');
    this.#switching = false;
    this.#install = undefined;
    this.#load();
  }

  /** Drops the snapshot that is being taken in, if any. Not after {@link finishInstall}. */
  abortInstall(): void {
    if (this.#switching) throw new Error('a snapshot is dropped while it is put in force');
    if (this.#install !== undefined) this.#outdated.add(this.#install.generation);
    this.#install = undefined;
  }

  #installUnderWay(): SnapshotInstall {
    if (this.#install === undefined || this.#switching) throw new Error('no snapshot is being taken in');
    return this.#install;
  }

  #applyChunk(bytes: Uint8Array): Outcome {
    let chunk: Chunk;
    try {
      chunk = decodeChunk(bytes);
    } catch (error) {
      // It is in the log of every replica: to end for it would end them all, again and again.
      if (error instanceof BadChunkError) return { kind: 'malformed', error: error.message };
      throw error;
    }
    if (chunk.kind === 'operations') return this.#applyOperations(chunk);
    return { kind: 'opened', nonce: chunk.nonce, session: this.#sessions.open() };
  }

  #applyOperations({ session: number, first, acknowledged, operations }: OperationsChunk): Outcome {
    const session = this.#sessions.use(number);
    if (session === undefined) return { kind: 'expired', session: number };
    this.#sessions.acknowledge(session, acknowledged);
    const expected = session.last + 1;
    if (first > expected) return { kind: 'gap', session: number, expected };
    const results = operations.map((operation, position) =>
      first + position < expected ? resultOf(session, first + position) : this.#applyNext(session, operation),
    );
    return { kind: 'results', session: number, first, results };
  }

  #applyNext(session: Session, [name, operation]: NamedOperation): unknown {
    const application = this.#applications.get(name);
    let result: unknown;
    if (application === undefined) {
      result = { refused: 'SYNOD_UNKNOWN_APPLICATION' } satisfies Refusal;
    } else {
      result = plainCopy(application.apply(operation, this.#storeOf(name)));
      this.#versions.set(name, this.version(name) + 1);
    }
    this.#sessions.keep(session, result);
    return result;
  }

  #storeOf(application: string): ApplicationStore {
    let store = this.#stores.get(application);
    if (store === undefined) {
      store = new ApplicationStore(this.#journal, this.#generation, application);
      this.#stores.set(application, store);
    }
    return store;
  }

  #load(): void {
    const record = this.#journal.get(HEADER_KEY);
    const header = record === undefined ? EMPTY_HEADER : decodeHeader(record);
    this.#generation = header.generation;
    this.#applied = header.applied;
    this.#anchor = header.anchor;
    this.#durable = header.applied;
    this.#flushing = [];
    this.#versions = new Map(header.versions);
    this.#stores.clear();
    this.#sessions = SessionTable.restore(
      { nextSession: header.nextSession, uses: header.sessionUses },
      this.#storedSessions(),
    );
    this.#findOutdated();
  }

  *#storedSessions(): Iterable<[session: number, record: Uint8Array]> {
    for (const [key, record] of this.#journal.range(sessionPrefix(this.#generation)))
      yield [Number(key[2]), record];
  }

  /** Looks for generations that a crash left behind. */
  #findOutdated(): void {
    this.#outdated.clear();
    for (const table of [SESSION, DATA]) {
      for (let next = 0; ; ) {
        const [first] = this.#journal.range([table], [table, next]);
        if (first === undefined) break;
        const generation = Number(first[0][1]);
        if (generation !== this.#generation) this.#outdated.add(generation);
        next = generation + 1;
      }
    }
  }

  #encodeHeader(): Uint8Array<ArrayBuffer> {
    const { nextSession, uses: sessionUses } = this.#sessions.counters;
    const versions = [...this.#versions];
    return encodeHeader({
      generation: this.#generation,
      applied: this.#applied,
      nextSession,
      sessionUses,
      versions,
      anchor: this.#anchor,
    });
  }
}
