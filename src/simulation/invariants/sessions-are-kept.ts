import {
  covers,
  mergeClocks,
  NO_CLOCK,
  type VectorClock,
  withCounter,
} from '../../../machines/eventual/vector-clock.ts';
import { nameOf, type Write } from '../protocols/eventual/write-history.ts';
import { Violation } from '../violation.ts';

/**
 * A put of a session follows, and rests on, all that the session had put and read before: what a client was told, held
 * against the clocks that servers have written down.
 */
export class SessionPast {
  #known: VectorClock = NO_CLOCK;

  /** The session has read a value. */
  read(write: Write): void {
    this.#know(write);
  }

  /** The session has been told that its put was taken. */
  put(session: string, write: Write): void {
    for (const clock of [write.order, write.past]) {
      if (covers(withCounter(clock, write.origin, write.counter), this.#known)) continue;
      const what = `${session} puts ${nameOf(write)}, which does not follow all of ${JSON.stringify(this.#known)}`;
      throw new Violation('writes follow their session', what);
    }
    this.#know(write);
  }

  #know({ origin, counter, past }: Write): void {
    this.#known = mergeClocks(this.#known, withCounter(past, origin, counter));
  }
}
