import { Keyword, writeEdn } from './edn.ts';

/** What clients read and write, and what they name it by. Two that are written alike are the same. */
export type Value = null | boolean | number | string | Keyword | readonly Value[];

/** A value as a text that no other value has. */
export function textOf(value: Value): string {
  return writeEdn(value);
}

export function sameValue(a: Value, b: Value): boolean {
  return a === b || (typeof a === 'object' && typeof b === 'object' && textOf(a) === textOf(b));
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/** The value, if it is one. @throws TypeError that says why it is none. */
export function toValue(given: unknown): Value {
  if (given === null || typeof given === 'boolean' || typeof given === 'string' || given instanceof Keyword)
    return given;
  if (typeof given === 'number' && Number.isFinite(given)) {
    if (Number.isInteger(given) && !Number.isSafeInteger(given))
      throw new TypeError(`${given} is not exact: write whole numbers from 2^53 on as texts`);
    return given + 0; // -0 is 0
  }
  if (Array.isArray(given)) return given.map(toValue);
  throw new TypeError(
    `${typeof given === 'bigint' ? `${given} is not exact` : 'a value of this kind'}: values are nil, true, false, ` +
      'numbers below 2^53, texts, keywords, and lists of these',
  );
}
