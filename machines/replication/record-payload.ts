import { pack, unpack } from '../../actors/codec.ts';
import { plainCopy } from './plain-data.ts';

/** Longest text, in UTF-16 units, that is packed in its place, which is quicker than `pack` and a copy. */
const TEXT_LENGTH_MAX = 512;

/** Of MessagePack: a string whose length follows in 32 bits. */
const STRING_32 = 0xdb;
const STRING_HEADER_BYTES = 5;

/** A value on its way to its payload: a short text, or what is packed already. */
export type Packable = string | Uint8Array;

/** Prepares plain data. */
export function packable(value: unknown): Packable {
  return typeof value === 'string' && value.length <= TEXT_LENGTH_MAX ? value : pack(value);
}

/** The size of the payload. */
export function payloadBytes(value: Packable): number {
  return typeof value === 'string' ? STRING_HEADER_BYTES + Buffer.byteLength(value) : value.byteLength;
}

/** Writes the payload where there is room for all of it: what `unpack` reads. */
export function writePayload(value: Packable, target: Buffer, start: number): void {
  if (typeof value === 'string') {
    target[start] = STRING_32;
    target.writeUInt32BE(target.write(value, start + STRING_HEADER_BYTES), start + 1);
  } else {
    target.set(value, start);
  }
}

/** Whether {@link readPayload} can read it. */
export function isPayload(bytes: Buffer, start: number, end: number): boolean {
  if (bytes[start] === STRING_32) {
    return (
      end - start >= STRING_HEADER_BYTES &&
      bytes.readUInt32BE(start + 1) === end - start - STRING_HEADER_BYTES
    );
  }
  try {
    readPayload(bytes, start, end);
    return true;
  } catch {
    return false;
  }
}

/** The value of a payload. It shares no bytes with it. */
export function readPayload(bytes: Buffer, start: number, end: number): unknown {
  if (bytes[start] === STRING_32) return bytes.toString('utf8', start + STRING_HEADER_BYTES, end);
  const value = unpack(bytes.subarray(start, end));
  // A binary in it would be a view.
  return typeof value === 'object' ? plainCopy(value) : value;
}
