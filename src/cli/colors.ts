import picocolors from 'picocolors';

/** A stream that may lead to a person. */
export type Output = NodeJS.WritableStream & { readonly isTTY?: boolean };

/** Colours where a person looks; none in a pipe, or where NO_COLOR asks for none. */
export function colorsFor(stream: Output): ReturnType<typeof picocolors.createColors> {
  return picocolors.createColors(stream.isTTY === true && process.env.NO_COLOR === undefined);
}
