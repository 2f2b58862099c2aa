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

  /** All that is left, its spaces kept; undefined at the end of the line. */
  text(): string | undefined {
    const text = this.#rest;
    this.#rest = '';
    return text.trim() === '' ? undefined : text;
  }
}
