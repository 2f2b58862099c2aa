/** A set of whole numbers below a bound. */
export class BitSet {
  readonly #words: Uint32Array;

  constructor(bound: number) {
    this.#words = new Uint32Array((bound + 31) >>> 5);
  }

  has(number: number): boolean {
    return (this.#words[number >>> 5]! & (1 << (number & 31))) !== 0;
  }

  add(number: number): void {
    this.#words[number >>> 5]! |= 1 << (number & 31);
  }

  addAll(other: BitSet): void {
    const from = other.#words;
    for (let index = 0; index < from.length; index++) this.#words[index]! |= from[index]!;
  }

  remove(number: number): void {
    this.#words[number >>> 5]! &= ~(1 << (number & 31));
  }

  /** One that is in both; undefined where none is. */
  firstIn(other: BitSet): number | undefined {
    const index = this.#words.findIndex((word, at) => (word & other.#words[at]!) !== 0);
    if (index === -1) return undefined;
    const both = this.#words[index]! & other.#words[index]!;
    return (index << 5) + (31 - Math.clz32(both & -both));
  }

  /** Those from `start` to `end` (excluded), in order. */
  *within(start: number, end: number): Generator<number, void, undefined> {
    for (let word = start >>> 5; word << 5 < end; word++) {
      for (let bits = this.#words[word]!; bits !== 0; bits &= bits - 1) {
        const number = (word << 5) + (31 - Math.clz32(bits & -bits));
        if (number >= start && number < end) yield number;
      }
    }
  }
}
