import { digestOf, Held } from './held.ts';
import type { Receipt } from './messages.ts';
import type { Origin } from './origin.ts';

/** What a server knows of another one, and how far it has told it of its own writes. */
export class Peer {
  readonly #own: Origin;
  /** Whose counter that server's writes have; undefined until it has said so. */
  #origin: Origin | undefined;
  /** What it has said that it holds, durably. */
  held = new Held();
  /** What it lacks is on its way to it. */
  isSyncing = false;
  /** Own writes from this on were sent to it while there was a way; undefined: none. */
  sentFrom: number | undefined;
  /** The last probe, and how many own writes there were then. */
  probe = 0;
  #probedCounter = 0;
  #backOffMs = 0;
  #waitedMs = 0;

  constructor(own: Origin) {
    this.#own = own;
  }

  /** It has spoken of what it holds. */
  note({ origin, held, isSyncing }: Pick<Receipt, 'origin' | 'held' | 'isSyncing'>): void {
    if (origin !== this.#origin) {
      // Another memory: what the one before held is forgotten.
      this.#origin = origin;
      this.held = new Held();
    }
    const before = this.acknowledged;
    this.held.addRanges(held);
    this.isSyncing = isSyncing;
    if (this.acknowledged > before) this.settle();
  }

  get isKnown(): boolean {
    return this.#origin !== undefined;
  }

  /** It has all own writes up to this one. */
  get acknowledged(): number {
    return this.held.upTo(this.#own);
  }

  get digest(): number {
    return digestOf(this.held.ranges);
  }

  /** There is no way to it any more: what was sent lately may be lost, and it will get it by anti-entropy. */
  lose(): void {
    this.sentFrom = undefined;
    this.isSyncing = false;
    this.settle();
  }

  /** Nothing need be asked for a while. */
  settle(): void {
    this.#backOffMs = 0;
    this.#waitedMs = 0;
  }

  /**
   * Time passes: whether it is to be asked what it holds, for it has not acknowledged what it was sent. `counter` is how
   * many own writes there are.
   */
  isDue(ms: number, counter: number, maxMs: number): boolean {
    if (this.sentFrom === undefined || this.acknowledged >= counter) {
      this.settle();
      return false;
    }
    this.#waitedMs += ms;
    // What was sent just now has a little time.
    const backOffMs = Math.max(this.#backOffMs, 2 * ms);
    if (this.#waitedMs < backOffMs || this.unacknowledged(counter).isEmpty) return false;
    this.#waitedMs = 0;
    this.#backOffMs = Math.min(maxMs, 2 * backOffMs);
    this.#probedCounter = counter;
    this.probe += 1;
    return true;
  }

  /** What it was sent up to a counter and has not acknowledged. */
  unacknowledged(counter: number): Held {
    const sent = new Held();
    if (this.sentFrom !== undefined && this.sentFrom <= counter) sent.add(this.#own, this.sentFrom, counter);
    return sent.minus(this.held);
  }

  /** What it lacked when it answered the last probe, of what it was sent before. */
  get lost(): Held {
    return this.unacknowledged(this.#probedCounter);
  }
}
