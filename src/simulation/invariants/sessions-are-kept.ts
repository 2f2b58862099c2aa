import {
  covers,
  mergeClocks,
  NO_CLOCK,
  type VectorClock,
  withCounter,
} from '../../../machines/eventual/vector-clock.ts';
import { follows, nameOf, type Write, type WriteHistory } from '../protocols/eventual/write-history.ts';
import { Violation } from '../violation.ts';

/**
 * What a client was told, held against the clocks that servers have written down: a put follows, and rests on, all that
 * its session had put and read before; and no get shows what any of that follows, or what that rests on.
 */
export class SessionPast {
  readonly #session: string;
  readonly #history: WriteHistory;
  #known: VectorClock = NO_CLOCK;

  constructor(session: string, history: WriteHistory) {
    this.#session = session;
    this.#history = history;
  }

  /** The session was told that its put was taken. */
  put(write: Write): void {
    for (const clock of [write.order, write.past]) {
      if (covers(withCounter(clock, write.origin, write.counter), this.#known)) continue;
      const what = `${this.#session} puts ${nameOf(write)}, which does not follow ${JSON.stringify(this.#known)}`;
      throw new Violation('writes follow their session', what);
    }
    this.#know(write);
  }

  /** The session was shown a value. */
  read(write: Write): void {
    const later = this.#knownOf(write.key).find((known) => follows(known, write));
    if (later !== undefined) {
      const what = `${this.#session} is shown ${nameOf(write)}; it knows ${nameOf(later)}, which follows that`;
      throw new Violation('no session is shown less', what);
    }
    this.#know(write);
  }

  /** The session was told that there is no such key: it shows a delete, or what it has known was deleted. */
  foundNothing(key: string): void {
    const known = this.#knownOf(key).filter(({ isTombstone }) => !isTombstone);
    const deletes = this.#history.ofKey(key).filter(({ isTombstone }) => isTombstone);
    if (known.length === 0 || deletes.some((one) => !known.some((put) => follows(put, one)))) return;
    const what = `${this.#session} is told that there is no ${key}; it knows ${known.map(nameOf)}`;
    throw new Violation('no session is shown less', what);
  }

  /** The writes of a key that a server must hold before it answers the session. */
  #knownOf(key: string): readonly Write[] {
    return this.#history.ofKey(key).filter(({ origin, counter }) => covers(this.#known, [origin, counter]));
  }

  #know({ origin, counter, past }: Write): void {
    this.#known = mergeClocks(this.#known, withCounter(past, origin, counter));
  }
}
