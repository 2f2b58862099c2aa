import { crc32 } from 'node:zlib';

/*
 * Each line ends with a check of itself and of all lines before it, so that a file that was edited is known, and where.
 */

const CHECKED = /^(.*),"check":"([0-9a-f]{8})"\}$/s;

/** The lines of one trace, in their order. */
export class TraceLines {
  #check = 0;

  /** The line of a value; it has no line break. */
  write(value: object): string {
    const body = JSON.stringify(value).slice(0, -1);
    return `${body},"check":"${this.#next(body)}"}`;
  }

  /** The value of a line. @throws SyntaxError that says what is wrong with it. */
  read(line: string): unknown {
    const [, body, check] = CHECKED.exec(line) ?? [];
    if (body === undefined) throw new SyntaxError('is no line of a trace');
    if (this.#next(body) !== check)
      throw new SyntaxError('this line, or one before it, is not as it was written: the trace was edited');
    return JSON.parse(`${body}}`);
  }

  #next(body: string): string {
    this.#check = crc32(body, this.#check);
    return this.#check.toString(16).padStart(8, '0');
  }
}
