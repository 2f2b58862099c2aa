import { whatHappened } from '../show-record.ts';
import type { Trace } from '../trace.ts';
import { placeOf, type Selection, select } from './selection.ts';
import { vectorClocks } from './vector-clocks.ts';

/** How ShiViz takes an event apart. */
export const SHIVIZ_PARSER = '(?<time>[\\d.]+) ms (?<event>.*)\\n(?<host>\\S+) (?<clock>\\{.*\\})';

/** What shows in what comes of it. */
const LEFT_OUT: readonly string[] = ['turn', 'timer', 'struck'];

/** A log with vector clocks for ShiViz: its first line is the parser's expression, the second, for many runs, is empty. */
export function toShiviz(trace: Trace, selection: Selection): string {
  const records = select(trace, selection).filter(({ event }) => !LEFT_OUT.includes(event));
  const clocks = vectorClocks(records);
  const lines = records.map(
    (record, index) =>
      `${record.atMs.toFixed(3)} ms ${whatHappened(record)}\n${placeOf(record)} ${JSON.stringify(clocks[index])}\n`,
  );
  return `${SHIVIZ_PARSER}\n\n${lines.join('')}`;
}
