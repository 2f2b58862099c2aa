import type { SynodError } from '../../actors/errors.ts';
import { isText } from '../../machines/replication/plain-data.ts';
import { BadOperationError, KeyTooLargeError, ValueTooLargeError } from './errors.ts';
import { bytesOver } from './validation.ts';

// What every key-value store here takes. Each check gives what is wrong, or undefined; `store` is who says so.

/** Longest key, in UTF-8 bytes. */
export const KEY_BYTES_MAX = 512;
/** Largest value, in bytes (of a text: in UTF-8). */
export const VALUE_BYTES_MAX = 1024 * 1024;

export function keyProblemOf(store: string, key: unknown): SynodError | undefined {
  if (key === '') return new BadOperationError(store, 'a key is empty');
  return boundProblemOf(store, key);
}

/** Of what bounds a scan: it may be empty. */
export function boundProblemOf(store: string, key: unknown): SynodError | undefined {
  if (!isText(key)) return new BadOperationError(store, 'a key is no well-formed text');
  const bytes = bytesOver(key, KEY_BYTES_MAX);
  return bytes === undefined ? undefined : new KeyTooLargeError(bytes, KEY_BYTES_MAX);
}

export function valueProblemOf(store: string, value: unknown): SynodError | undefined {
  if (value instanceof Uint8Array) {
    return value.byteLength <= VALUE_BYTES_MAX
      ? undefined
      : new ValueTooLargeError('a value', value.byteLength, VALUE_BYTES_MAX);
  }
  if (!isText(value))
    return new BadOperationError(store, 'a value is neither a well-formed text nor a binary');
  const bytes = bytesOver(value, VALUE_BYTES_MAX);
  return bytes === undefined ? undefined : new ValueTooLargeError('a value', bytes, VALUE_BYTES_MAX);
}
