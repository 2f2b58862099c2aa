import type { Random } from '../../actors/random.ts';

/** Remembers what is drawn; gives what was drawn before where that is known, and else leaves it to chance. */
export class StormRandom implements Random {
  readonly #chance: Random;
  #known: readonly number[] = [];
  #draws: number[] = [];

  constructor(chance: Random) {
    this.#chance = chance;
  }

  next(): number {
    return this.#drawn(() => this.#chance.next());
  }

  integer(min: number, max: number): number {
    return this.#drawn(() => this.#chance.integer(min, max));
  }

  /** From now on these are drawn, in their order. */
  begin(known: readonly number[]): void {
    this.#known = known;
    this.#draws = [];
  }

  /** What was drawn since {@link begin}. */
  get draws(): readonly number[] {
    return this.#draws;
  }

  #drawn(draw: () => number): number {
    const value = this.#known[this.#draws.length] ?? draw();
    this.#draws.push(value);
    return value;
  }
}
