import picocolors from 'picocolors';

/** Colours where a person looks; none in a pipe, or where NO_COLOR asks for none. */
export function colorsFor(stream: NodeJS.WriteStream): ReturnType<typeof picocolors.createColors> {
  return picocolors.createColors(stream.isTTY === true && process.env.NO_COLOR === undefined);
}
