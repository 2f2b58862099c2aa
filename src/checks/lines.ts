import { BadHistoryError } from './errors.ts';
import { History, type HistoryEvent } from './history.ts';

/**
 * Reads a history line by line; blank lines count for nothing. `read` throws a TypeError that says what is wrong with
 * a line. @throws BadHistoryError
 */
export function readLines(
  file: string,
  text: string,
  read: (source: string, line: number) => HistoryEvent | undefined,
): History {
  const events: HistoryEvent[] = [];
  const lines: number[] = [];
  for (const [index, source] of text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/)
    .entries()) {
    if (source.trim() === '') continue;
    const line = index + 1;
    try {
      const event = read(source, line);
      if (event === undefined) continue;
      events.push(event);
      lines.push(line);
    } catch (error) {
      if (error instanceof TypeError) throw new BadHistoryError(file, line, error.message);
      throw error;
    }
  }
  return new History(events, { file, lines });
}
