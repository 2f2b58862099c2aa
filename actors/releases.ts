import { nodeOf } from './address.ts';
import type { Envelope } from './envelope.ts';
import { CLIENTS } from './host.ts';

interface Countdown {
  left: number;
  readonly counts: (envelope: Envelope) => boolean;
  readonly reached: () => void;
}

/** What a turn sends when it is durable: at once, or with the next frame to the same node. */
export interface Departures {
  readonly prompt: readonly Envelope[];
  readonly lazy: readonly Envelope[];
  /** What else waits for this turn, and all before it, to be durable. */
  readonly afterwards?: (() => void) | undefined;
}

interface HeldTurn extends Departures {
  flushed: boolean;
}

/**
 * Step 4 of a turn: lets envelopes go, one frame for each destination, turns in their order. A turn that wrote
 * waits for its flush; a turn that did not still waits for those before it.
 */
export class Releases {
  readonly #post: (destination: string, envelopes: readonly Envelope[]) => void;
  readonly #linger: () => void;
  /** Lazy envelopes that are free to go, by destination. */
  readonly #lingering = new Map<string, Envelope[]>();
  #held: HeldTurn[] = [];
  #countdown: Countdown | undefined;
  #stopped = false;

  /** `linger` is called when envelopes wait for a frame to travel with: see to it that {@link sendLingering} is called. */
  constructor(post: (destination: string, envelopes: readonly Envelope[]) => void, linger: () => void) {
    this.#post = post;
    this.#linger = linger;
  }

  /** Turns that are held. */
  get waiting(): number {
    return this.#held.length;
  }

  /** Holds a turn's envelopes. Call what is returned when the turn's flush is done; not needed if it wrote nothing. */
  hold({ prompt, lazy, afterwards }: Departures, writes: boolean): () => void {
    if (!writes && prompt.length === 0 && lazy.length === 0 && afterwards === undefined) return () => {};
    const turn: HeldTurn = { prompt, lazy, afterwards, flushed: !writes };
    this.#held.push(turn);
    return () => {
      turn.flushed = true;
      this.#releaseFlushed();
    };
  }

  /** Lets envelopes go: the prompt ones now. */
  release({ prompt, lazy }: Departures): void {
    for (const envelope of lazy) this.#keep(envelope);
    if (prompt.length > 0) this.#send(this.#lingering.size === 0 ? prompt : this.#withLingering(prompt));
    if (this.#lingering.size > 0) this.#linger();
  }

  /** Lets go of what has found no frame to travel with. */
  sendLingering(): void {
    const envelopes = [...this.#lingering.values()].flat();
    this.#lingering.clear();
    this.#send(envelopes);
  }

  #keep(envelope: Envelope): void {
    const destination = nodeOf(envelope.to);
    const lingering = this.#lingering.get(destination);
    if (lingering === undefined) this.#lingering.set(destination, [envelope]);
    else lingering.push(envelope);
  }

  /** The lazy envelopes are older: they go first. */
  #withLingering(envelopes: readonly Envelope[]): readonly Envelope[] {
    const joining: Envelope[] = [];
    for (const destination of new Set(envelopes.map(({ to }) => nodeOf(to)))) {
      joining.push(...(this.#lingering.get(destination) ?? []));
      this.#lingering.delete(destination);
    }
    return [...joining, ...envelopes];
  }

  #send(envelopes: readonly Envelope[]): void {
    if (this.#stopped) return;
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

  /**
   * Stops for good after `count` more envelopes that `counts` says yes to, and calls `reached` once they have left; with
   * 0, when the next such would leave, before it does.
   */
  stopAfter(count: number, counts: (envelope: Envelope) => boolean, reached: () => void): void {
    this.#countdown = { left: count, counts, reached };
  }

  #releaseFlushed(): void {
    let done = 0;
    while (this.#held[done]?.flushed === true) done += 1;
    // One frame for each destination carries all that this flush sets free.
    const free = this.#held.splice(0, done);
    this.release({ prompt: free.flatMap(({ prompt }) => prompt), lazy: free.flatMap(({ lazy }) => lazy) });
    for (const { afterwards } of free) afterwards?.();
  }

  #countDown(countdown: Countdown, envelopes: readonly Envelope[]): readonly Envelope[] {
    for (let index = 0; index < envelopes.length; index++) {
      if (!countdown.counts(envelopes[index]!)) continue;
      const isOneTooMany = countdown.left === 0;
      countdown.left -= 1;
      if (countdown.left > 0) continue;
      this.#stopped = true;
      return envelopes.slice(0, isOneTooMany ? index : index + 1);
    }
    return envelopes;
  }
}
