/** Keys and values as the published figures of such stores have them: 16 bytes and 100 bytes. */
export const KEY_COUNT = 100_000;
const KEY_DIGITS = 12;
const VALUE_COUNT = 1024;
const VALUE_BYTES = 100;

/** Made before anything is measured, so that the load makes no text of its own. */
export interface Workload {
  readonly keys: readonly string[];
  readonly values: readonly string[];
}

/** The same for every run. */
export function makeWorkload(): Workload {
  return {
    keys: Array.from({ length: KEY_COUNT }, (_, index) => `key-${String(index).padStart(KEY_DIGITS, '0')}`),
    values: Array.from({ length: VALUE_COUNT }, (_, index) => `value-${index}-`.padEnd(VALUE_BYTES, 'synod')),
  };
}
