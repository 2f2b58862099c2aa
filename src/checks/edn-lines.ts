import { EdnError, EdnMap, Keyword, readEdn, writeEdn } from './edn.ts';
import { BadHistoryError } from './errors.ts';
import { eventOf } from './event-fields.ts';
import type { History, HistoryEvent } from './history.ts';
import { readLines } from './lines.ts';

/**
 * A history in Jepsen's form, one event a line: `{:process 0, :type :invoke, :f :put, :key "x", :value "1"}`.
 * `file` is for messages. @throws BadHistoryError
 */
export function readEdnLines(file: string, text: string): History {
  return readLines(file, text, (source, line) => {
    if (source.trim().startsWith(';')) return undefined;
    try {
      const map = readEdn(source);
      if (!(map instanceof EdnMap))
        throw new TypeError('a line holds one map, {:process 0, :type :invoke, ...}');
      return eventOf((name) => map.get(name));
    } catch (error) {
      if (error instanceof EdnError)
        throw new BadHistoryError(file, line, `column ${error.column}: ${error.message}`);
      throw error;
    }
  });
}

/** In Jepsen's form, one event a line. */
export function writeEdnLines(events: readonly HistoryEvent[]): string {
  return events
    .map(({ process, type, f, key, value, applied }) => {
      const fields = [
        `:process ${typeof process === 'number' ? process : writeEdn(process)}`,
        `:type :${type}`,
        `:f ${writeEdn(new Keyword(f))}`,
        ...(key === undefined ? [] : [`:key ${writeEdn(key)}`]),
        `:value ${writeEdn(value)}`,
        ...(applied === undefined ? [] : [`:applied ${applied}`]),
      ];
      return `{${fields.join(', ')}}\n`;
    })
    .join('');
}
