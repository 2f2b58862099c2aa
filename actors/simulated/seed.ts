import { type Random, seededRandom } from '../random.ts';

/** A stream of chance of its own for each purpose, so that one who draws more does not shift the others. */
export function derivedRandom(seed: number, ...purpose: readonly (string | number)[]): Random {
  return seededRandom(hash(`${seed}/${purpose.join('/')}`));
}

/** A span from `minMs` to `maxMs`, drawn evenly, in whole microseconds. */
export function drawMicroseconds(random: Random, minMs: number, maxMs: number): number {
  const min = Math.ceil(minMs * 1000);
  return random.integer(min, Math.max(min, Math.floor(maxMs * 1000)));
}

/** FNV-1a over UTF-16 units, with the finish of MurmurHash3, so that near names give far seeds. 32 bits. */
function hash(text: string): number {
  let state = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    state = Math.imul(state ^ text.charCodeAt(index), 0x01000193);
  }
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return state ^ (state >>> 16);
}

/** FNV-1a over bytes: tells frames apart in a trace. */
export function checksumOf(bytes: Uint8Array): number {
  let state = 0x811c9dc5;
  for (const byte of bytes) state = Math.imul(state ^ byte, 0x01000193);
  return state >>> 0;
}
