// Whole numbers in as few bytes as they need: seven bits in each, the low ones first; the high bit says that more come.

/** Bytes that the largest safe integer takes. */
export const VARINT_BYTES_MAX = 8;

const MORE = 0x80;
const BITS = 0x7f;
const SMALL_MAX = 2 ** 28;

/** How many bytes {@link writeVarint} writes. */
export function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= MORE; rest = Math.floor(rest / MORE)) bytes += 1;
  return bytes;
}

/** Writes a whole number and gives where it ends. */
export function writeVarint(value: number, target: Buffer, start: number): number {
  let position = start;
  let rest = value;
  while (rest >= SMALL_MAX) {
    target[position++] = (rest % MORE) | MORE;
    rest = Math.floor(rest / MORE);
  }
  while (rest >= MORE) {
    target[position++] = (rest & BITS) | MORE;
    rest >>>= 7;
  }
  target[position++] = rest;
  return position;
}

/** Reads what is written so, one number after the other. */
export class VarintReader {
  readonly bytes: Buffer;
  position: number;

  constructor(bytes: Uint8Array, position = 0) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = position;
  }

  get hasMore(): boolean {
    return this.position < this.bytes.byteLength;
  }

  /** @throws RangeError when the bytes end before, or it is too large. */
  next(): number {
    let value = this.#byte();
    if (value < MORE) return value;
    value &= BITS;
    for (let scale = MORE; ; scale *= MORE) {
      const byte = this.#byte();
      value += (byte & BITS) * scale;
      if (byte < MORE) break;
      if (scale > Number.MAX_SAFE_INTEGER) throw new RangeError('a number does not end');
    }
    if (value > Number.MAX_SAFE_INTEGER) throw new RangeError('a number is too large');
    return value;
  }

  /** Steps over so many bytes and gives where they begin. @throws RangeError when there are fewer. */
  skip(bytes: number): number {
    const start = this.position;
    if (start + bytes > this.bytes.byteLength) throw new RangeError('the bytes end too early');
    this.position = start + bytes;
    return start;
  }

  #byte(): number {
    const byte = this.bytes[this.position];
    if (byte === undefined) throw new RangeError('the bytes end too early');
    this.position += 1;
    return byte;
  }
}
