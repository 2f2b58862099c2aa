import type { JournalKey } from './journal.ts';
import { encodeKey } from './journal-key.ts';

/** What LMDB takes as a key, in bytes; {@link encodeKey} makes 8 of a number, and 2 more than its letters of a string. */
export const KEY_BYTES_MAX = 1978;

const NUMBER_TAG = 0x01;
const STRING_TAG = 0x02;
const STRING_END = 0x00;
const ESCAPE = 0x01;
const NUMBER_BYTES = 7;

/** The smallest tag is 01: nothing stands between a prefix and the first key below it; and no tag is as large as FF. */
const FIRST_BELOW = Buffer.of(NUMBER_TAG);
const AFTER_BELOW = Buffer.of(0xff);

/** A key as bytes that sort as keys do, in the encoding of {@link encodeKey}. */
export function keyBytes(key: JournalKey): Buffer {
  return Buffer.from(encodeKey(key), 'latin1');
}

/** What {@link encodeKey} gives for the key of these bytes. */
export function encodedKey(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** As many bytes as {@link keyBytes} may give, or more. */
export function keyBytesMax(key: JournalKey): number {
  let bytes = 0;
  // A UTF-16 unit takes three bytes at most; what is escaped takes two.
  for (const part of key) bytes += typeof part === 'string' ? part.length * 3 + 2 : 1 + NUMBER_BYTES;
  return bytes;
}

/** Writes what {@link keyBytes} gives, and gives where it ends. Quicker than that for plain letters and small numbers. */
export function writeKey(key: JournalKey, target: Buffer, start: number): number {
  let position = start;
  for (const part of key) {
    const end =
      typeof part === 'string' ? writePlain(part, target, position) : writeSmall(part, target, position);
    position = end ?? position + target.write(encodeKey([part]), position, 'latin1');
  }
  return position;
}

function writePlain(part: string, target: Buffer, start: number): number | undefined {
  let position = start;
  target[position++] = STRING_TAG;
  for (let index = 0; index < part.length; index++) {
    const unit = part.charCodeAt(index);
    if (unit <= ESCAPE || unit > 0x7f) return undefined;
    target[position++] = unit;
  }
  target[position++] = STRING_END;
  return position;
}

function writeSmall(part: number, target: Buffer, start: number): number | undefined {
  if (part >>> 0 !== part) return undefined;
  target[start] = NUMBER_TAG;
  target.writeUIntBE(0, start + 1, NUMBER_BYTES - 4);
  return target.writeUInt32BE(part, start + 1 + NUMBER_BYTES - 4);
}

/** The bytes from which on, and before which, all keys below a prefix stand; the prefix itself is not among them. */
export function boundsBelow(prefix: JournalKey, from?: JournalKey): { start: Buffer; end: Buffer } {
  const bounds = boundsBelowBytes(keyBytes(prefix));
  if (from === undefined) return bounds;
  const start = keyBytes(from);
  return start.compare(bounds.start) > 0 ? { start, end: bounds.end } : bounds;
}

/** {@link boundsBelow} of a prefix that is bytes already. */
export function boundsBelowBytes(prefix: Uint8Array): { start: Buffer; end: Buffer } {
  return { start: Buffer.concat([prefix, FIRST_BELOW]), end: Buffer.concat([prefix, AFTER_BELOW]) };
}

/** The key that {@link keyBytes} was given. @throws RangeError when these bytes are no key. */
export function keyOf(bytes: Uint8Array): JournalKey {
  const key: (string | number)[] = [];
  let position = 0;
  while (position < bytes.length) {
    const tag = bytes[position];
    position += 1;
    if (tag === NUMBER_TAG && position + NUMBER_BYTES <= bytes.length) {
      let value = 0;
      for (const end = position + NUMBER_BYTES; position < end; position++)
        value = value * 256 + bytes[position]!;
      key.push(value);
    } else if (tag === STRING_TAG) {
      const end = bytes.indexOf(STRING_END, position);
      if (end < 0) throw new RangeError('a string in a key does not end');
      key.push(unescaped(bytes.subarray(position, end)));
      position = end + 1;
    } else {
      throw new RangeError('a key holds something that is no part of a key');
    }
  }
  return key;
}

/** 01 01 stands for 00, 01 02 for 01. */
function unescaped(bytes: Uint8Array): string {
  if (!bytes.includes(ESCAPE))
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const plain: number[] = [];
  for (let position = 0; position < bytes.length; position++) {
    if (bytes[position] === ESCAPE) {
      position += 1;
      plain.push(bytes[position]! - 1);
    } else {
      plain.push(bytes[position]!);
    }
  }
  return Buffer.from(plain).toString('utf8');
}
