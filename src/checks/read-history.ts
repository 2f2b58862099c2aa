import { readEdnLines } from './edn-lines.ts';
import type { History } from './history.ts';
import { readJsonLines } from './json-lines.ts';

/** A history as JSON lines, if it begins like one, or else in EDN. `file` is for messages. @throws BadHistoryError */
export function readHistory(file: string, text: string): History {
  return /^\s*\{\s*"/.test(text.replace(/^\uFEFF/, ''))
    ? readJsonLines(file, text)
    : readEdnLines(file, text);
}
