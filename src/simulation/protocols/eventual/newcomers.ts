import type { WatchedServers } from './watched-servers.ts';

/** Servers that join while others work, one after the other, in their order. */
export class Newcomers {
  readonly #simulated: WatchedServers;
  readonly #waiting: string[];
  #joining: Promise<void> = Promise.resolve();
  #joined = 0;

  constructor(simulated: WatchedServers, names: readonly string[]) {
    this.#simulated = simulated;
    this.#waiting = [...names];
  }

  /** How many have joined. */
  get joined(): number {
    return this.#joined;
  }

  /** The next one begins to join, if there is any. */
  begin(): void {
    this.#joining = this.#simulated.witness.watch(this.#joining.then(() => this.#joinNext()));
  }

  /** Resolves when all have joined. */
  async finish(): Promise<void> {
    do {
      this.begin();
      await this.#joining;
    } while (this.#waiting.length > 0);
  }

  async #joinNext(): Promise<void> {
    const [name] = this.#waiting;
    if (name === undefined || !(await this.#simulated.join(name))) return;
    this.#waiting.shift();
    this.#joined += 1;
  }
}
