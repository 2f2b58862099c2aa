declare global {
  interface String {
    /** In Node.js from 20; TypeScript lists it from es2024. */
    isWellFormed(): boolean;
  }
}

/** What a record costs in memory beside its contents: the map entry, the headers. A rough figure. */
const OVERHEAD_BYTES = 16;

/** A rough size in memory of plain data. */
export function estimateBytes(value: unknown): number {
  if (typeof value === 'string') return OVERHEAD_BYTES + value.length;
  if (typeof value !== 'object' || value === null) return 8;
  if (value instanceof Uint8Array) return 2 * OVERHEAD_BYTES + value.byteLength;
  let bytes = 2 * OVERHEAD_BYTES;
  if (Array.isArray(value)) {
    for (const item of value) bytes += estimateBytes(item);
  } else {
    for (const [key, item] of Object.entries(value))
      bytes += OVERHEAD_BYTES + key.length + estimateBytes(item);
  }
  return bytes;
}

/**
 * A copy that shares nothing with the original and is exactly what the disk would give back: so a replica that
 * was restarted and one that was not know the same. Binaries become plain Uint8Arrays of their own.
 * @throws TypeError for what is no plain data, or would come back from disk as something else.
 */
export function plainCopy(value: unknown): unknown {
  switch (typeof value) {
    case 'string':
      return wellFormed(value);
    case 'number':
      return value + 0; // -0 comes back as 0
    case 'boolean':
    case 'undefined':
      return value;
    case 'object':
      return copyObject(value);
    default:
      throw new TypeError(`a ${typeof value} is no plain data`);
  }
}

/** Whether it is a string that has a UTF-8 form. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed();
}

/** The string itself. @throws TypeError when it has no UTF-8 form (half of a surrogate pair). */
export function wellFormed(value: string): string {
  if (!value.isWellFormed()) throw new TypeError(`${JSON.stringify(value)} is no well-formed string`);
  return value;
}

/** A loop: `map` would keep holes, and `Array.from` takes four times as long. */
function copyArray(items: readonly unknown[]): unknown[] {
  const copy: unknown[] = [];
  for (let index = 0; index < items.length; index++) copy.push(plainCopy(items[index]));
  return copy;
}

function copyObject(value: object | null): unknown {
  if (value === null) return null;
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (Array.isArray(value)) return copyArray(value);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError(`a ${value.constructor.name} is no plain data`);
  }
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (key === '__proto__') throw new TypeError('"__proto__" is no key of plain data');
    copy[wellFormed(key)] = plainCopy(item);
  }
  return copy;
}
