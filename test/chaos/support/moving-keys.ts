/** So many keys at a time. */
const KEYS = 4;

/**
 * The keys that clients work on; every now and then a new one takes the place of the oldest, so that the history of each
 * stays short, and can be judged, however long they work.
 */
export class MovingKeys {
  /** Those of now; it changes in place. */
  readonly now: string[] = [];
  #made = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(everyMs: number) {
    for (let count = 0; count < KEYS; count++) this.#add();
    this.#timer = setInterval(() => {
      this.now.shift();
      this.#add();
    }, everyMs);
  }

  /** They change no more. */
  stop(): void {
    clearInterval(this.#timer);
  }

  #add(): void {
    this.now.push(`key-${this.#made++}`);
  }
}
