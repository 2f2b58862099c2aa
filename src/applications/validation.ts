/** Whether it is a whole number of at least `min`. */
export function isWhole(value: unknown, min: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= min;
}

/** The bytes of a text in UTF-8 if they are over `bytesMax`, else undefined. Counts only where it must. */
export function bytesOver(text: string, bytesMax: number): number | undefined {
  // A UTF-16 unit takes three bytes at most.
  if (text.length * 3 <= bytesMax) return undefined;
  const bytes = Buffer.byteLength(text);
  return bytes > bytesMax ? bytes : undefined;
}
