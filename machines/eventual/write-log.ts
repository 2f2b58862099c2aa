/** Own writes that were packed together. */
export interface LoggedRun {
  readonly first: number;
  readonly last: number;
  readonly run: Uint8Array;
}

/**
 * A server's own writes that not all members have acknowledged, the oldest first. Bounded: the oldest go when there are
 * too many, and whoever misses them gets them by anti-entropy, as does one that was away.
 */
export class WriteLog {
  readonly #bytesMax: number;
  #runs: LoggedRun[] = [];
  #next = 0;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** How many writes it holds. */
  get size(): number {
    const first = this.#runs[this.#next];
    return first === undefined ? 0 : this.#runs.at(-1)!.last - first.first + 1;
  }

  /** The counter of the oldest write that it holds; undefined when it holds none. */
  get first(): number | undefined {
    return this.#runs[this.#next]?.first;
  }

  add(logged: LoggedRun): void {
    this.#runs.push(logged);
    this.#bytes += logged.run.byteLength;
    while (this.#bytes > this.#bytesMax && this.#next < this.#runs.length - 1) this.#drop();
  }

  /** All members have the writes up to this one. */
  acknowledged(counter: number): void {
    while (this.#next < this.#runs.length && this.#runs[this.#next]!.last <= counter) this.#drop();
  }

  /** The runs with any write from one counter to another, both included. */
  between(first: number, last: number): LoggedRun[] {
    const runs: LoggedRun[] = [];
    for (let at = this.#next; at < this.#runs.length; at++) {
      const logged = this.#runs[at]!;
      if (logged.first > last) break;
      if (logged.last >= first) runs.push(logged);
    }
    return runs;
  }

  #drop(): void {
    this.#bytes -= this.#runs[this.#next]!.run.byteLength;
    this.#next += 1;
    if (this.#next < 1024 && this.#next < this.#runs.length) return;
    this.#runs = this.#runs.slice(this.#next);
    this.#next = 0;
  }
}
