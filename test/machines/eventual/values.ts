import fc from 'fast-check';
import { MemoryJournal } from '../../../actors/memory-journal.ts';
import { Held } from '../../../machines/eventual/held.ts';
import { type Operation, packOperations } from '../../../machines/eventual/operations.ts';
import { originOf } from '../../../machines/eventual/origin.ts';
import { loadServerRecords } from '../../../machines/eventual/records.ts';
import { RunWriter } from '../../../machines/eventual/run.ts';
import { ServerState } from '../../../machines/eventual/server-state.ts';
import { NEW_SESSION, type Session } from '../../../machines/eventual/session.ts';
import { EVENTUAL_DEFAULTS } from '../../../machines/eventual/settings.ts';
import type { VectorClock } from '../../../machines/eventual/vector-clock.ts';

/** Clocks of a few origins, one of them a second memory of a server. */
export const clock: fc.Arbitrary<VectorClock> = fc
  .uniqueArray(fc.tuple(fc.constantFrom(0, 1, 7, originOf(1, 3)), fc.integer({ min: 1, max: 5 })), {
    selector: ([origin]) => origin,
  })
  .map((entries) => entries.sort(([a], [b]) => a - b).flat());

/** Sets of writes. */
export const held: fc.Arbitrary<Held> = fc
  .array(fc.tuple(fc.constantFrom(0, 3), fc.integer({ min: 1, max: 14 }), fc.integer({ min: 0, max: 3 })))
  .map((stretches) => {
    const set = new Held();
    for (const [origin, from, more] of stretches) set.add(origin, from, from + more);
    return set;
  });

/** A server's memory over disks of its own. */
export class TestServer {
  journal = new MemoryJournal();
  readonly store = new MemoryJournal();
  origin: number;
  state: ServerState;

  constructor(origin: number) {
    this.origin = origin;
    this.state = this.#open();
  }

  /** Writes, as a client does; gives what it was answered. */
  write(operations: readonly Operation[], session: Session = NEW_SESSION): Session {
    const { runs, sessions } = this.state.write([{ operations: packOperations(operations), session }]);
    this.journal.commit(this.state.logRecords(runs), () => {});
    return sessions[0]!;
  }

  put(key: string, value: unknown, session: Session = NEW_SESSION): Session {
    return this.write([{ key, value }], session);
  }

  /** Takes in all that another one has written, of what its log keeps. */
  hear(other: TestServer, first = 1, last = other.state.counter): void {
    for (const { run } of other.state.log.between(first, last)) this.state.takeEntries(run);
  }

  persist(): void {
    this.journal.commit(this.state.takeRedo(), () => {});
  }

  /** What is new reaches the store. */
  writeBehind(): void {
    this.persist();
    this.store.commit(this.state.takeDirty(), () => {});
    this.journal.commit(this.state.persisted(), () => {});
  }

  /** What was not persisted is gone. */
  restart(): void {
    this.state = this.#open();
  }

  /** It has its store alone, and writes as another origin. */
  loseJournal(origin: number): void {
    this.journal = new MemoryJournal();
    this.origin = origin;
    this.state = this.#open(true);
  }

  /** Gets all that another server has and this one lacks, as by anti-entropy. */
  syncWith({ state: { versions, held, seen } }: TestServer): void {
    const { origins, counters, keys } = versions.index.notIn(this.state.held);
    const run = new RunWriter();
    const received = new Held();
    for (const [place, origin] of origins.entries()) {
      versions.packMissing(keys[place]!, origin, counters[place]!, this.state.held, run);
      received.add(origin, counters[place]!);
    }
    if (run.count > 0) this.state.takeVersions(run.take());
    this.state.takeHeld(held.ranges, seen, received);
  }

  value(key: string): unknown {
    return this.state.versions.read(key).value;
  }

  values(): Record<string, unknown> {
    return Object.fromEntries(this.state.versions.shown(''));
  }

  #open(isStoreOfBefore = false): ServerState {
    return new ServerState({
      origin: this.origin,
      records: loadServerRecords(this.journal, this.store),
      store: this.store,
      isStoreOfBefore,
      writeLogBytesMax: EVENTUAL_DEFAULTS.writeLogBytesMax,
      runBytesMax: EVENTUAL_DEFAULTS.pieceBytesMax,
    });
  }
}
