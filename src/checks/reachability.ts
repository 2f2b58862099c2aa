import type { DependencyGraph } from './dependency-graph.ts';

/** Which transactions come before which, over any number of dependencies. There is no cycle. */
export class Reachability {
  readonly #size: number;
  readonly #words: number;
  /** A row of bits for each: what comes after it. */
  readonly #rows: Uint32Array;

  private constructor(size: number, rows: Uint32Array) {
    this.#size = size;
    this.#words = wordsFor(size);
    this.#rows = rows;
  }

  /** `order` has each transaction after those that it depends on. */
  static of(graph: DependencyGraph, order: readonly number[]): Reachability {
    const reach = new Reachability(graph.size, new Uint32Array(graph.size * wordsFor(graph.size)));
    for (const at of order.toReversed()) for (const to of graph.after(at)) reach.#join(at, to);
    return reach;
  }

  /** What it takes in memory. */
  static bytesFor(size: number): number {
    return size * wordsFor(size) * Uint32Array.BYTES_PER_ELEMENT;
  }

  copy(): Reachability {
    return new Reachability(this.#size, this.#rows.slice());
  }

  has(from: number, to: number): boolean {
    return (this.#rows[from * this.#words + (to >>> 5)]! & (1 << (to & 31))) !== 0;
  }

  add(from: number, to: number): void {
    if (this.has(from, to)) return;
    for (let other = 0; other < this.#size; other++) {
      if (other === from || this.has(other, from)) this.#join(other, to);
    }
  }

  /** After the one comes the other, and all that comes after that. */
  #join(from: number, to: number): void {
    const [row, other] = [from * this.#words, to * this.#words];
    for (let word = 0; word < this.#words; word++) this.#rows[row + word]! |= this.#rows[other + word]!;
    this.#rows[row + (to >>> 5)]! |= 1 << (to & 31);
  }
}

function wordsFor(size: number): number {
  return (size + 31) >>> 5;
}
