import { nodeOf } from './address.ts';
import type { Envelope } from './envelope.ts';
import { CLIENTS } from './host.ts';

interface Countdown {
  left: number;
  readonly counts: (envelope: Envelope) => boolean;
  readonly reached: () => void;
}

interface HeldTurn {
  readonly envelopes: readonly Envelope[];
  flushed: boolean;
}

/**
 * Step 4 of a turn: lets envelopes go, one frame for each destination, turns in their order. A turn that wrote
 * waits for its flush; a turn that did not still waits for those before it.
 */
export class Releases {
  readonly #post: (destination: string, envelopes: readonly Envelope[]) => void;
  #held: HeldTurn[] = [];
  #countdown: Countdown | undefined;
  #stopped = false;

  constructor(post: (destination: string, envelopes: readonly Envelope[]) => void) {
    this.#post = post;
  }

  /** Turns that are held. */
  get waiting(): number {
    return this.#held.length;
  }

  /** Holds a turn's envelopes. Call what is returned when the turn's flush is done; not needed if it wrote nothing. */
  hold(envelopes: readonly Envelope[], writes: boolean): () => void {
    if (!writes && envelopes.length === 0) return () => {};
    const turn: HeldTurn = { envelopes, flushed: !writes };
    this.#held.push(turn);
    return () => {
      turn.flushed = true;
      this.#releaseFlushed();
    };
  }

  /** Lets envelopes go at once. */
  release(envelopes: readonly Envelope[]): void {
    if (envelopes.length === 0 || this.#stopped) return;
    const allowed = this.#countdown === undefined ? envelopes : this.#countDown(this.#countdown, envelopes);
    const frames = new Map<string, Envelope[]>();
    for (const envelope of allowed) {
      const destination = nodeOf(envelope.to);
      const frame = frames.get(destination);
      if (frame === undefined) frames.set(destination, [envelope]);
      else frame.push(envelope);
    }
    // Clients first: each post may wake a thread that takes this one's processor.
    const answers = frames.get(CLIENTS);
    if (answers !== undefined) this.#post(CLIENTS, answers);
    frames.delete(CLIENTS);
    for (const [destination, frame] of frames) this.#post(destination, frame);
    if (this.#stopped) this.#countdown?.reached();
  }

  /** Stops for good after `count` more envelopes that `counts` says yes to, and calls `reached` once they have left. */
  stopAfter(count: number, counts: (envelope: Envelope) => boolean, reached: () => void): void {
    this.#countdown = { left: count, counts, reached };
  }

  #releaseFlushed(): void {
    let done = 0;
    while (this.#held[done]?.flushed === true) done += 1;
    // One frame for each destination carries all that this flush sets free.
    const free = this.#held.splice(0, done);
    this.release(free.length === 1 ? free[0]!.envelopes : free.flatMap(({ envelopes }) => envelopes));
  }

  #countDown(countdown: Countdown, envelopes: readonly Envelope[]): readonly Envelope[] {
    for (let index = 0; index < envelopes.length; index++) {
      if (!countdown.counts(envelopes[index]!)) continue;
      countdown.left -= 1;
      if (countdown.left === 0) {
        this.#stopped = true;
        return envelopes.slice(0, index + 1);
      }
    }
    return envelopes;
  }
}
