import type { Origin } from './origin.ts';

/** A digest of a set of writes by their numbers, whatever their order: adding one twice takes it away again. */
export class DotDigest {
  #high = 0;
  #low = 0;

  toggle(origin: Origin, counter: number): void {
    const server = origin ^ Math.imul(Math.floor(origin / 2 ** 32), 0x27d4eb2f);
    const rest = counter ^ Math.imul(Math.floor(counter / 2 ** 32), 0x165667b1);
    const mixed = mix(mix(server ^ 0x9e3779b9) ^ rest);
    this.#high ^= mixed;
    this.#low ^= mix(mixed ^ rest ^ 0x85ebca6b);
  }

  toString(): string {
    return [this.#high, this.#low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
  }
}

/** Spreads 32 bits: the finalizer of MurmurHash3. */
function mix(bits: number): number {
  let mixed = bits;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
