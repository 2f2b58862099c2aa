import { Keyword } from './edn.ts';
import { eventOf } from './event-fields.ts';
import type { History, HistoryEvent } from './history.ts';
import { readLines } from './lines.ts';
import type { Value } from './values.ts';

/**
 * A history as JSON, one event a line: `{"process":0,"type":"invoke","f":"put","key":"x","value":"1"}`. `file` is for
 * messages. @throws BadHistoryError
 */
export function readJsonLines(file: string, text: string): History {
  return readLines(file, text, (source) => {
    const fields = parse(source);
    if (typeof fields !== 'object' || fields === null || Array.isArray(fields))
      throw new TypeError('a line holds one object, {"process":0,"type":"invoke",...}');
    const known = new Map(Object.entries(fields));
    return eventOf((name) => known.get(name));
  });
}

/** As JSON, one event a line. A keyword is written as the text of its name. */
export function writeJsonLines(events: readonly HistoryEvent[]): string {
  return events
    .map(({ process, type, f, key, value, applied }) => {
      const fields = {
        process,
        type,
        f,
        ...(key === undefined ? {} : { key: toJson(key) }),
        value: toJson(value),
      };
      return `${JSON.stringify({ ...fields, ...(applied === undefined ? {} : { applied }) })}\n`;
    })
    .join('');
}

function parse(source: string): unknown {
  try {
    return JSON.parse(source);
  } catch (error) {
    throw new TypeError(`no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** A value as JSON has it: a keyword is the text of its name. */
export function toJson(value: Value): unknown {
  if (value instanceof Keyword) return value.name;
  return Array.isArray(value) ? value.map(toJson) : value;
}
