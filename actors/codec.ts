// Without its native part: the strings that this reads are slices of larger ones, so that a kept value keeps its
// neighbours, sixteen times its own size.
import { Packr, RESET_BUFFER_MODE } from 'msgpackr/pack';
import type { Envelope } from './envelope.ts';
import { BadFrameError } from './errors.ts';

/** Frames above this are neither sent nor decoded. */
export const FRAME_BYTES_MAX = 64 * 1024 * 1024;

const packr = new Packr({
  useRecords: false,
  mapsAsObjects: true,
  encodeUndefinedAsNil: false,
  copyBuffers: false,
});

/** Packs plain data (numbers, strings, binaries, arrays, objects) into bytes of their own. */
export function pack(value: unknown): Uint8Array<ArrayBuffer> {
  // msgpackr answers with a view into its own buffer, which it writes over the next time; a copy is exact, and can be
  // transferred.
  return new Uint8Array(packr.pack(value, RESET_BUFFER_MODE));
}

/** Unpacks what {@link pack} packed. Binaries in it are views into `bytes`. @throws Error when it does not decode. */
export function unpack(bytes: Uint8Array): unknown {
  return packr.unpack(bytes);
}

/**
 * Packs the envelopes of one turn for one destination: one frame, or more where one would be too large.
 * @throws BadFrameError when one envelope alone is too large.
 */
export function packFrames(envelopes: readonly Envelope[]): Uint8Array<ArrayBuffer>[] {
  const frame = packFrame(envelopes);
  if (frame.byteLength <= FRAME_BYTES_MAX) return [frame];
  if (envelopes.length === 1) {
    throw new BadFrameError(
      `an envelope of ${frame.byteLength} bytes is over frameBytesMax (${FRAME_BYTES_MAX})`,
    );
  }
  const half = Math.ceil(envelopes.length / 2);
  return [...packFrames(envelopes.slice(0, half)), ...packFrames(envelopes.slice(half))];
}

/** Packs envelopes as one frame, however large. */
export function packFrame(envelopes: readonly Envelope[]): Uint8Array<ArrayBuffer> {
  return pack(envelopes.map(({ to, from, message }) => [to, from, message]));
}

/** @throws BadFrameError when the frame is too large, does not decode, or is no list of envelopes. */
export function unpackFrame(frame: Uint8Array): Envelope[] {
  if (frame.byteLength > FRAME_BYTES_MAX) {
    throw new BadFrameError(
      `a frame of ${frame.byteLength} bytes is over frameBytesMax (${FRAME_BYTES_MAX})`,
    );
  }
  let decoded: unknown;
  try {
    decoded = unpack(frame);
  } catch (cause) {
    throw new BadFrameError('a frame does not decode', { cause });
  }
  if (!Array.isArray(decoded)) throw new BadFrameError('a frame is no list of envelopes');
  return decoded.map(toEnvelope);
}

/** The types of a frame's messages, for a trace; none when it does not decode, which its receiver will say. */
export function messageTypesOf(frame: Uint8Array): string[] {
  try {
    return unpackFrame(frame).map(({ message }) => message.type);
  } catch {
    return [];
  }
}

function toEnvelope(value: unknown): Envelope {
  if (Array.isArray(value) && value.length === 3) {
    const [to, from, message] = value as unknown[];
    if (isAddress(to) && isAddress(from) && isMessage(message)) return { to, from, message };
  }
  throw new BadFrameError('a frame holds something that is no envelope');
}

function isAddress(value: unknown): value is Envelope['to'] {
  return typeof value === 'string' && value.includes('/');
}

function isMessage(value: unknown): value is Envelope['message'] {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    typeof value.type === 'string' &&
    !isReserved(value.type)
  );
}

/** What only the node itself says to its actors: from outside it could end one, or fire its timers. */
function isReserved(type: string): boolean {
  return type === 'done' || type === 'persisted' || type === '*' || type.startsWith('xstate.');
}
