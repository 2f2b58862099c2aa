import type { JournalView, JournalWrite } from '../../actors/journal.ts';
import { BadGossipError, UnknownMemberError } from './errors.ts';
import { Held, NO_RANGES, type Ranges } from './held.ts';
import { skipContents } from './operations.ts';
import { type Origin, serverOf } from './origin.ts';
import {
  corrupt,
  forgetLog,
  forgetRedo,
  logRecord,
  type Redo,
  redoRecord,
  type ServerRecords,
  selfRecord,
  stateRecord,
} from './records.ts';
import { type Context, NO_CONTEXT, RunReader, RunWriter } from './run.ts';
import type { Session } from './session.ts';
import { VarintReader } from './varint.ts';
import {
  covers,
  mergeClocks,
  NO_CLOCK,
  type VectorClock,
  withCounter,
  withoutOrigin,
} from './vector-clock.ts';
import { VersionStore } from './version-store.ts';
import { type LoggedRun, WriteLog } from './write-log.ts';

/** Transactions on their way to the store, at most. */
const TRANSACTIONS_MAX = 64;

export interface ServerStateOptions {
  readonly origin: Origin;
  readonly records: ServerRecords;
  readonly store: JournalView;
  /** The store is as a memory before has left it: what it says that is held, others may have seen deleted since. */
  readonly isStoreOfBefore?: boolean;
  readonly writeLogBytesMax: number;
  /** Own writes beyond this begin another run. */
  readonly runBytesMax: number;
  readonly cacheBytesMax?: number;
}

/**
 * All that a server remembers: the versions, what it holds, and its write log. New in memory; on disk by what
 * {@link write} and {@link takeRedo} give for the journal at once, and {@link takeDirty} for the store, later.
 */
export class ServerState {
  readonly origin: Origin;
  readonly held: Held;
  readonly versions: VersionStore;
  readonly log: WriteLog;
  readonly #runBytesMax: number;
  /**
   * The merge of the orders of all versions that it has ever taken in. Own writes follow it: so order is transitive, for a
   * clock that covers a write then covers all that the write follows.
   */
  #seen: VectorClock;
  #counter: number;
  #redo: Redo[] = [];
  /** Records of an earlier origin, which the next redo record takes the place of. */
  #carried: JournalWrite[] = [];
  /** Of redo records: the last one's number, and the first that is still on disk. */
  #redoNumber: number;
  #redoFirst: number;
  /** Log records that are on disk. */
  #logged: { readonly first: number; readonly last: number }[] = [];
  #hasStored: boolean;
  #isDirty: boolean;
  #transaction = 0;
  #flushing: { readonly transaction: number; readonly counter: number; readonly redo: number }[] = [];
  /** The store has own writes, and redo records, up to these. */
  #storedCounter = 0;
  #storedRedo = 0;
  readonly #writer = new RunWriter();

  /** @throws SynodError `SYNOD_CORRUPT_RECORD`. */
  constructor(options: ServerStateOptions) {
    const { origin, records, store } = options;
    this.origin = origin;
    this.#runBytesMax = options.runBytesMax;
    this.held = new Held(options.isStoreOfBefore === true ? NO_RANGES : records.stored?.held);
    this.#seen = records.stored?.seen ?? NO_CLOCK;
    this.versions = new VersionStore(store, options.cacheBytesMax);
    this.log = new WriteLog(options.writeLogBytesMax);
    this.#hasStored = records.stored !== undefined && records.hasStored;
    this.#isDirty = records.log.length + records.redo.length > 0;
    this.#redoNumber = records.redo.at(-1)?.number ?? 0;
    if (records.origin === undefined || records.origin === origin) {
      for (const { first, run } of records.log) this.#replayLog(first, run);
      for (const { number, parts } of records.redo) this.#replayRedo(number, parts);
      this.#redoFirst = records.redo[0]?.number ?? 1;
    } else {
      this.#carryOver(records);
      this.#redoFirst = this.#redoNumber + 1;
    }
    this.#counter = this.held.upTo(origin);
  }

  /** What own writes follow. */
  get seen(): VectorClock {
    return this.#seen;
  }

  /** How many own writes there are. */
  get counter(): number {
    return this.#counter;
  }

  /** Something was taken in that {@link takeRedo} has not given out. */
  get hasRedo(): boolean {
    return this.#redo.length > 0;
  }

  /** Something was taken in that {@link takeDirty} has not given out. */
  get isDirty(): boolean {
    return this.#isDirty;
  }

  get mayTake(): boolean {
    return this.#flushing.length < TRANSACTIONS_MAX;
  }

  /**
   * Takes what clients write, in its order: packed operations that were looked through. Gives the runs that are to be
   * persisted and sent, and the session of each after its writes.
   */
  write(writes: readonly { readonly operations: Uint8Array; readonly session: Session }[]): {
    readonly runs: readonly LoggedRun[];
    readonly sessions: readonly Session[];
  } {
    const runs: LoggedRun[] = [];
    const cut = () => {
      const last = this.#counter;
      const first = last - this.#writer.count + 1;
      runs.push({ first, last, run: this.#writer.take() });
    };
    let context = NO_CONTEXT;
    const sessions = writes.map(({ operations, session }) => {
      if (operations.byteLength === 0) return session;
      this.#seen = mergeClocks(this.#seen, session.order);
      context = this.#contextOf(session, context);
      const reader = new VarintReader(operations);
      while (reader.hasMore) {
        const start = reader.position;
        reader.skip(reader.next());
        skipContents(reader);
        this.#counter += 1;
        this.#writer.add(this.origin, this.#counter, context, reader.bytes, start, reader.position);
        if (this.#writer.size >= this.#runBytesMax) cut();
      }
      this.#seen = withCounter(this.#seen, this.origin, this.#counter);
      return { order: this.#seen, past: withCounter(session.past, this.origin, this.#counter) };
    });
    if (this.#writer.count > 0) cut();
    for (const logged of runs) {
      this.#apply(logged.run, true);
      this.log.add(logged);
      this.#logged.push(logged);
    }
    this.#isDirty ||= runs.length > 0;
    return { runs, sessions };
  }

  /** The records of own writes, for the same transaction. */
  logRecords(runs: readonly LoggedRun[]): JournalWrite[] {
    return runs.map(({ first, run }) => logRecord(first, run));
  }

  /** Takes in writes of another server, which count as held. They were looked through ({@link checkRun}). */
  takeEntries(run: Uint8Array): void {
    this.#apply(run, true);
    this.#note(['entries', run]);
  }

  /** Takes in versions that another server has sent because this one lacked them. */
  takeVersions(run: Uint8Array): void {
    this.#apply(run, false);
    this.#note(['versions', run]);
  }

  /**
   * All versions have come that another server had of these writes, those `received`: they are held from here on. What is
   * here of them and was neither held nor received has gone there, and goes here: others have taken its place, or it was
   * deleted, and the tombstone collected. What the other did not hold is held from here on, for others to fetch.
   */
  takeHeld(ranges: Ranges, seen: VectorClock, received: Held): void {
    const held = new Held(ranges);
    const dropped = new Held();
    const { origins, counters } = this.versions.index.notIn(this.held);
    for (const [place, origin] of origins.entries()) {
      const counter = counters[place]!;
      if (received.has(origin, counter)) continue;
      (held.has(origin, counter) ? dropped : held).add(origin, counter);
    }
    this.#settle(held.ranges, seen, dropped.ranges);
    this.#note(['held', held.ranges, seen, dropped.ranges]);
  }

  /** Own writes follow this from here on. */
  follow(seen: VectorClock): void {
    this.#settle(NO_RANGES, seen, NO_RANGES);
    this.#note(['held', NO_RANGES, seen, NO_RANGES]);
  }

  /** What was taken in from others since, for the journal. */
  takeRedo(): JournalWrite[] {
    if (this.#redo.length === 0) return [];
    const parts = this.#redo;
    this.#redo = [];
    this.#redoNumber += 1;
    return [redoRecord(this.#redoNumber, parts), ...this.#carried.splice(0)];
  }

  /** Forgets what was deleted and that no member can ever send again. Gives how many keys went. */
  collect(stable: VectorClock): number {
    const collected = this.versions.collect(stable);
    this.#isDirty ||= collected > 0;
    return collected;
  }

  /** All that is new, as one transaction for the store. */
  takeDirty(): JournalWrite[] {
    const transaction = ++this.#transaction;
    const writes: JournalWrite[] = [];
    this.versions.takeDirty(writes, transaction);
    writes.push(stateRecord({ held: this.held.ranges, seen: this.#seen, origin: this.origin }));
    this.#flushing.push({ transaction, counter: this.#counter, redo: this.#redoNumber });
    this.#isDirty = false;
    return writes;
  }

  /** The transaction taken first of those under way is on disk: gives what the journal need not keep any more. */
  persisted(): JournalWrite[] {
    const flushed = this.#flushing.shift();
    if (flushed === undefined) return [];
    this.versions.persisted(flushed.transaction);
    this.#storedCounter = flushed.counter;
    this.#storedRedo = flushed.redo;
    const writes = this.#forgettable();
    if (this.#hasStored) return writes;
    this.#hasStored = true;
    return [selfRecord(this.origin, true), ...writes];
  }

  #forgettable(): JournalWrite[] {
    const writes: JournalWrite[] = [];
    for (; this.#redoFirst <= this.#storedRedo; this.#redoFirst++) writes.push(forgetRedo(this.#redoFirst));
    const kept = Math.min(this.log.first ?? Number.POSITIVE_INFINITY, this.#storedCounter + 1);
    let gone = 0;
    for (; gone < this.#logged.length && this.#logged[gone]!.last < kept; gone++) {
      writes.push(forgetLog(this.#logged[gone]!.first));
    }
    this.#logged.splice(0, gone);
    return writes;
  }

  #settle(held: Ranges, seen: VectorClock, dropped: Ranges): void {
    this.held.addRanges(held);
    this.#seen = mergeClocks(this.#seen, seen);
    for (const [origin, ...bounds] of dropped) {
      for (let at = 0; at < bounds.length; at += 2)
        for (let counter = bounds[at]!; counter <= bounds[at + 1]!; counter++)
          this.versions.drop(origin!, counter);
    }
  }

  #note(part: Redo): void {
    this.#redo.push(part);
    this.#isDirty = true;
  }

  /** One that says the same as the last is the last: versions that share it are packed quickest. */
  #contextOf(session: Session, last: Context): Context {
    const order = withoutOrigin(this.#seen, this.origin);
    const past = withoutOrigin(session.past, this.origin);
    return isSame(order, last.order) && isSame(past, last.past) ? last : { order, past };
  }

  #apply(run: Uint8Array, isHeld: boolean): void {
    const version = new RunReader(run);
    let context: Context | undefined;
    let origin: Origin = -1;
    let from = 0;
    let to = -1;
    const noteStretch = () => {
      if (to < from) return;
      this.#seen = withCounter(this.#seen, origin, to);
      if (isHeld) this.held.add(origin, from, to);
    };
    while (version.next()) {
      if (version.context !== context) {
        context = version.context;
        this.#seen = mergeClocks(this.#seen, context.order);
      }
      if (version.origin !== origin || version.counter !== to + 1) {
        noteStretch();
        origin = version.origin;
        from = version.counter;
      }
      to = version.counter;
      // What is held is here, or others in its place, or it was collected and must not come again.
      if (!this.held.has(origin, to)) this.versions.apply(version);
    }
    noteStretch();
  }

  #replayLog(first: number, run: Uint8Array): void {
    let last = first - 1;
    let origin: Origin = -1;
    orCorrupt(`log ${first}`, () => {
      const version = new RunReader(run);
      while (version.next()) {
        last = version.counter;
        origin = version.origin;
      }
      this.#apply(run, true);
    });
    this.#logged.push({ first, last });
    // Of an earlier memory: anti-entropy will see to it.
    if (origin === this.origin) this.log.add({ first, last, run });
  }

  /**
   * It counts anew, for its store was lost. What the journal has itself is taken in again, before records of the new
   * origin come to stand where it does; but not what was held of pieces that may have been in the store.
   */
  #carryOver({ log, redo }: ServerRecords): void {
    for (const { first, run } of log) {
      orCorrupt(`log ${first}`, () => this.takeEntries(run));
      this.#carried.push(forgetLog(first));
    }
    for (const { number, parts } of redo) {
      orCorrupt(`redo ${number}`, () => {
        for (const part of parts) {
          if (part[0] === 'held') this.follow(part[2]);
          else if (part[0] === 'entries') this.takeEntries(part[1]);
          else this.takeVersions(part[1]);
        }
      });
      this.#carried.push(forgetRedo(number));
    }
  }

  #replayRedo(number: number, parts: readonly Redo[]): void {
    orCorrupt(`redo ${number}`, () => {
      for (const part of parts) {
        if (part[0] === 'held') this.#settle(part[1], part[2], part[3]);
        else this.#apply(part[1], part[0] === 'entries');
      }
    });
  }
}

/** Reads a record. @throws SynodError `SYNOD_CORRUPT_RECORD`, which names it. */
function orCorrupt(record: string, read: () => void): void {
  try {
    read();
  } catch (cause) {
    throw corrupt(record, cause);
  }
}

/** Looks through a run from another server, so that it can be taken as a whole. @throws BadGossipError, UnknownMemberError */
export function checkRun(run: Uint8Array, isMember: (server: number) => boolean): void {
  const check = (origin: Origin) => {
    if (!isMember(serverOf(origin))) throw new UnknownMemberError(serverOf(origin), 'a clock');
  };
  const version = new RunReader(run);
  let context: Context | undefined;
  try {
    while (version.next()) {
      if (version.context === context) continue;
      context = version.context;
      check(version.origin);
      for (const clock of [context.order, context.past]) {
        for (let at = 0; at < clock.length; at += 2) check(clock[at]!);
      }
    }
  } catch (cause) {
    if (cause instanceof UnknownMemberError) throw cause;
    throw new BadGossipError('a run of versions does not decode', { cause });
  }
}

function isSame(a: VectorClock, b: VectorClock): boolean {
  return a.length === b.length && covers(a, b) && covers(b, a);
}
