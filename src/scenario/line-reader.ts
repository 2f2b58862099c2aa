import { LineError } from './errors.ts';

/** A word in double quotes: in it `\"` stands for a quote and `\\` for a backslash. */
const QUOTED = /^"([^"\\]*(?:\\.[^"\\]*)*)"/s;

/** Takes a line apart, from left to right. Spaces and tabs separate words; those at the end of the line count for nothing. */
export class LineReader {
  #rest: string;

  constructor(line: string) {
    this.#rest = line.trim();
  }

  /** The next word, or undefined at the end of the line. */
  word(): string | undefined {
    const text = this.#rest.trimStart();
    if (text === '') return undefined;
    const end = text.search(/\s/);
    const word = end < 0 ? text : text.slice(0, end);
    // One separator goes with the word: what is left keeps every further space for `text`.
    this.#rest = text.slice(word.length + 1);
    return word;
  }

  /** The next word; one in double quotes may hold spaces. @throws LineError where they are not closed. */
  quotable(): string | undefined {
    const text = this.#rest.trimStart();
    if (!text.startsWith('"')) return this.word();
    const [quoted, content] = QUOTED.exec(text) ?? [];
    if (quoted === undefined || content === undefined) throw new LineError(`a quote is not closed: ${text}`);
    const next = text.charAt(quoted.length);
    if (next.trim() !== '') throw new LineError(`a space must follow the closing quote of ${quoted}`);
    this.#rest = text.slice(quoted.length + 1);
    return content.replace(/\\(["\\])/g, '$1');
  }

  /** Another reader of what is left. */
  fork(): LineReader {
    return new LineReader(this.#rest);
  }

  /** All that is left, its spaces kept; undefined at the end of the line. */
  text(): string | undefined {
    const text = this.#rest;
    this.#rest = '';
    return text.trim() === '' ? undefined : text;
  }
}
