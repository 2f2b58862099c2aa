import type { JournalKey } from './journal.ts';

/*
 * A part of a key in order-preserving bytes; no encoded part is the beginning of another one.
 *
 *   number   01 | 7 bytes, most significant first
 *   string   02 | UTF-8, 00 as 01 01, 01 as 01 02 | 00
 */
const NUMBER_TAG = '\x01';
const STRING_TAG = '\x02';
const STRING_END = '\x00';

/** Letters that are their own bytes, the common case. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: 00 and 01 have a meaning of their own.
const PLAIN = /^[\x02-\x7f]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these have a meaning of their own.
const ESCAPED = /[\x00\x01]/g;

/**
 * A key as a string of bytes (one per character, 0 to 255) whose plain string order is the order of keys:
 * part by part, numbers by value, strings by their UTF-8 bytes, a number before a string. The encoding of a
 * prefix is a prefix of the encoding. @throws RangeError for a number that is negative, broken or unsafe.
 */
export function encodeKey(key: JournalKey): string {
  let encoded = '';
  for (const part of key) encoded += typeof part === 'number' ? encodeNumber(part) : encodeString(part);
  return encoded;
}

function encodeNumber(part: number): string {
  if (!Number.isSafeInteger(part) || part < 0) {
    throw new RangeError(`${part} cannot be part of a journal key: numbers are whole and at least 0`);
  }
  const high = Math.floor(part / 2 ** 32);
  const low = part >>> 0;
  return (
    NUMBER_TAG +
    String.fromCharCode(
      (high >>> 16) & 255,
      (high >>> 8) & 255,
      high & 255,
      low >>> 24,
      (low >>> 16) & 255,
      (low >>> 8) & 255,
      low & 255,
    )
  );
}

function encodeString(part: string): string {
  if (PLAIN.test(part)) return STRING_TAG + part + STRING_END;
  const bytes = Buffer.from(part, 'utf8').toString('latin1');
  return (
    STRING_TAG + bytes.replace(ESCAPED, (byte) => (byte === '\x00' ? '\x01\x01' : '\x01\x02')) + STRING_END
  );
}
