/** What a search has to place, by number, in some order of its own: the first of it that is not placed. */
export class UnplacedQueue {
  readonly #items: readonly number[];
  readonly #places: ReadonlyMap<number, number>;
  readonly #placed: Uint8Array;
  #first = 0;

  constructor(items: readonly number[], placed: Uint8Array) {
    this.#items = items;
    this.#places = new Map(items.map((item, place) => [item, place]));
    this.#placed = placed;
  }

  first(): number | undefined {
    while (this.#first < this.#items.length && this.#placed[this.#items[this.#first]!]) this.#first += 1;
    return this.#items[this.#first];
  }

  /** The first beside this one. */
  firstBeside(item: number): number | undefined {
    const first = this.first();
    if (first !== item) return first;
    let place = this.#first + 1;
    while (place < this.#items.length && this.#placed[this.#items[place]!]) place += 1;
    return this.#items[place];
  }

  /** An item, of this queue or another, is placed no more. */
  putBack(item: number): void {
    const place = this.#places.get(item);
    if (place !== undefined && place < this.#first) this.#first = place;
  }
}
