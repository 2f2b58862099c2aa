import type { Links } from './routes.ts';

/** Whom a server hears that hears it, as it said itself. The one with the higher sequence is the later. */
export interface LinkState {
  readonly server: number;
  readonly sequence: number;
  readonly neighbours: readonly number[];
}

interface Known {
  readonly state: LinkState;
  ageMs: number;
}

/** What came of a link state that was heard. */
export type Hearing =
  /** It is news: tell the others. */
  | 'news'
  /** It is older than what is known here: tell who said it. */
  | 'older'
  /** It says of this server what it did not say in this life: tell all how it is. */
  | 'mine'
  | 'known';

/**
 * What servers have said of their links: of each the latest, by its sequence. A server counts its own from 1 in each life;
 * as soon as it hears of a higher one, from an earlier life, it goes on from there, so nothing of it need be on disk.
 */
export class LinkStateTable {
  readonly #server: number;
  #own: LinkState;
  readonly #others = new Map<number, Known>();

  constructor(server: number) {
    this.#server = server;
    this.#own = { server, sequence: 0, neighbours: [] };
  }

  get own(): LinkState {
    return this.#own;
  }

  get all(): LinkState[] {
    return [this.#own, ...[...this.#others.values()].map(({ state }) => state)];
  }

  of(server: number): LinkState | undefined {
    return server === this.#server ? this.#own : this.#others.get(server)?.state;
  }

  get links(): Links {
    return new Map(this.all.map(({ server, neighbours }) => [server, neighbours]));
  }

  /** Says of the own links how they are, as of now. */
  announce(neighbours: readonly number[]): LinkState {
    this.#own = { server: this.#server, sequence: this.#own.sequence + 1, neighbours };
    return this.#own;
  }

  hear(state: LinkState): Hearing {
    if (state.server === this.#server) {
      const isMine = state.sequence < this.#own.sequence || isSame(state, this.#own);
      if (isMine) return 'known';
      this.#own = { ...this.#own, sequence: state.sequence + 1 };
      return 'mine';
    }
    const known = this.#others.get(state.server)?.state;
    if (known !== undefined && known.sequence >= state.sequence)
      return known.sequence > state.sequence ? 'older' : 'known';
    this.#others.set(state.server, { state, ageMs: 0 });
    return 'news';
  }

  /** Time passes: forgets what was not said again for `limitMs`. Whether that was anything. */
  age(ms: number, limitMs: number): boolean {
    let hasForgotten = false;
    for (const [server, known] of this.#others) {
      known.ageMs += ms;
      if (known.ageMs < limitMs) continue;
      this.#others.delete(server);
      hasForgotten = true;
    }
    return hasForgotten;
  }
}

function isSame(a: LinkState, b: LinkState): boolean {
  return (
    a.sequence === b.sequence &&
    a.neighbours.length === b.neighbours.length &&
    a.neighbours.every((neighbour) => b.neighbours.includes(neighbour))
  );
}
