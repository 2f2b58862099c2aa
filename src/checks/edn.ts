/** A word of EDN that stands for itself: `:put`. */
export class Keyword {
  /** Without the colon. */
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** A map of EDN, its entries in the order of the text. */
export class EdnMap {
  readonly entries: readonly (readonly [Edn, Edn])[];

  constructor(entries: readonly (readonly [Edn, Edn])[]) {
    this.entries = entries;
  }

  /** What stands under the keyword of this name. */
  get(name: string): Edn | undefined {
    return this.entries.find(([key]) => key instanceof Keyword && key.name === name)?.[1];
  }
}

/**
 * What a text in EDN says. Lists and sets come as vectors, characters and symbols as texts, what has a tag without it:
 * nothing in a history hangs on the difference.
 */
export type Edn = null | boolean | number | bigint | string | Keyword | readonly Edn[] | EdnMap;

/** What is wrong with a text, and in which of its columns, counted from 1. */
export class EdnError extends Error {
  readonly column: number;

  constructor(column: number, what: string) {
    super(what);
    this.column = column;
  }
}

/** Deeper values than any history has would overflow the stack. */
const DEPTH_MAX = 100;

const SPACE = /[\s,]/;
const DELIMITER = /[\s,()[\]{}";]/;
const INTEGER = /^[+-]?(?:0|[1-9]\d*)N?$/;
const FLOAT = /^[+-]?(?:0|[1-9]\d*)(?:\.\d*)?(?:[eE][+-]?\d+)?M?$/;
const RATIO = /^[+-]?\d+\/\d+$/;
const ESCAPES: Readonly<Record<string, string>> = {
  t: '\t',
  r: '\r',
  n: '\n',
  b: '\b',
  f: '\f',
  '\\': '\\',
  '"': '"',
};
const CHARACTERS: Readonly<Record<string, string>> = {
  newline: '\n',
  return: '\r',
  space: ' ',
  tab: '\t',
  formfeed: '\f',
  backspace: '\b',
};

/** The one value that a text holds. @throws EdnError where it holds none, or more, or is no EDN. */
export function readEdn(text: string): Edn {
  const reader = new EdnReader(text);
  const value = reader.value(0);
  reader.end();
  return value;
}

class EdnReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): Edn {
    this.#skip(depth);
    const start = this.#at;
    const first = this.#text[start];
    if (depth > DEPTH_MAX) throw this.#wrong(start, `more than ${DEPTH_MAX} values inside each other`);
    switch (first) {
      case undefined:
        throw this.#wrong(start, 'a value is missing');
      case '"':
        return this.#string();
      case '[':
        return this.#until(']', depth);
      case '(':
        return this.#until(')', depth);
      case '{':
        return this.#map(depth);
      case '\\':
        return this.#character();
      case '#':
        return this.#dispatch(depth);
      case ']':
      case ')':
      case '}':
        throw this.#wrong(start, `nothing is open that this ${first} could close`);
      default:
        return this.#word();
    }
  }

  end(): void {
    this.#skip(0);
    if (this.#at < this.#text.length) throw this.#wrong(this.#at, 'more than one value');
  }

  /** Spaces, commas, comments, and values that `#_` leaves out. */
  #skip(depth: number): void {
    for (;;) {
      while (SPACE.test(this.#text[this.#at] ?? '.')) this.#at += 1;
      if (this.#text[this.#at] === ';') {
        const end = this.#text.indexOf('\n', this.#at);
        this.#at = end === -1 ? this.#text.length : end;
      } else if (this.#text.startsWith('#_', this.#at)) {
        if (depth > DEPTH_MAX) throw this.#wrong(this.#at, `more than ${DEPTH_MAX} values inside each other`);
        this.#at += 2;
        this.value(depth + 1);
      } else {
        return;
      }
    }
  }

  #until(close: string, depth: number): Edn[] {
    const start = this.#at;
    const values: Edn[] = [];
    this.#at += this.#text[start] === '#' ? 2 : 1;
    for (;;) {
      this.#skip(depth);
      const next = this.#text[this.#at];
      if (next === undefined) throw this.#wrong(start, `it has no ${close}`);
      if (next === close) {
        this.#at += 1;
        return values;
      }
      values.push(this.value(depth + 1));
    }
  }

  #map(depth: number): EdnMap {
    const start = this.#at;
    const values = this.#until('}', depth);
    if (values.length % 2 === 1) throw this.#wrong(start, 'a key of this map has no value');
    const entries: [Edn, Edn][] = [];
    const seen = new Set<string>();
    for (let index = 0; index < values.length; index += 2) {
      const key = values[index]!;
      const text = writeEdn(key);
      if (seen.has(text)) throw this.#wrong(start, `this map has ${text} twice`);
      seen.add(text);
      entries.push([key, values[index + 1]!]);
    }
    return new EdnMap(entries);
  }

  #dispatch(depth: number): Edn {
    const start = this.#at;
    if (this.#text[start + 1] === '{') return this.#until('}', depth);
    this.#at += 1;
    const tag = this.#token();
    if (!/^[A-Za-z]/.test(tag)) throw this.#wrong(start, `#${tag} is no tag`);
    return this.value(depth + 1);
  }

  #string(): string {
    const start = this.#at;
    let value = '';
    this.#at += 1;
    for (;;) {
      const character = this.#text[this.#at];
      if (character === undefined) throw this.#wrong(start, 'a text is not closed');
      this.#at += 1;
      if (character === '"') return value;
      if (character !== '\\') {
        value += character;
        continue;
      }
      const sign = this.#text[this.#at] ?? '';
      const code = /^u[0-9a-fA-F]{4}/.exec(this.#text.slice(this.#at, this.#at + 5))?.[0];
      const escaped =
        code === undefined ? ESCAPES[sign] : String.fromCharCode(Number.parseInt(code.slice(1), 16));
      if (escaped === undefined) throw this.#wrong(this.#at - 1, `\\${sign} means nothing in a text`);
      value += escaped;
      this.#at += code?.length ?? 1;
    }
  }

  #character(): string {
    const start = this.#at;
    this.#at += 2;
    const name = (this.#text[start + 1] ?? '') + this.#token();
    if ([...name].length === 1) return name;
    const code = /^u([0-9a-fA-F]{4})$/.exec(name)?.[1];
    const character = code === undefined ? CHARACTERS[name] : String.fromCharCode(Number.parseInt(code, 16));
    if (character === undefined) throw this.#wrong(start, `\\${name} is no character`);
    return character;
  }

  #word(): Edn {
    const start = this.#at;
    const word = this.#token();
    if (word === 'nil') return null;
    if (word === 'true') return true;
    if (word === 'false') return false;
    if (word.startsWith(':')) {
      if (!/^:[^:]/.test(word)) throw this.#wrong(start, `${word} is no keyword`);
      return new Keyword(word.slice(1));
    }
    if (INTEGER.test(word)) {
      const digits = word.replace(/^\+|N$/g, '');
      return Number.isSafeInteger(Number(digits)) ? Number(digits) + 0 : BigInt(digits);
    }
    if (FLOAT.test(word)) return Number(word.replace(/M$/, ''));
    if (/^[+-]?\d/.test(word) && !RATIO.test(word)) throw this.#wrong(start, `${word} is no number`);
    return word;
  }

  #token(): string {
    const start = this.#at;
    while (this.#at < this.#text.length && !DELIMITER.test(this.#text[this.#at]!)) this.#at += 1;
    return this.#text.slice(start, this.#at);
  }

  #wrong(at: number, what: string): EdnError {
    return new EdnError(at + 1, what);
  }
}

/** In EDN, on one line. */
export function writeEdn(value: Edn): string {
  if (value === null) return 'nil';
  if (typeof value === 'string') return writeText(value);
  if (value instanceof Keyword) return `:${value.name}`;
  if (value instanceof EdnMap)
    return `{${value.entries.map(([key, item]) => `${writeEdn(key)} ${writeEdn(item)}`).join(', ')}}`;
  if (typeof value === 'object') return `[${value.map(writeEdn).join(' ')}]`;
  if (typeof value === 'bigint') return `${value}N`;
  // Without a point it would be read as a whole number, and these are exact.
  return Number.isInteger(value) && !Number.isSafeInteger(value) && !/e/.test(String(value))
    ? `${value}.0`
    : String(value);
}

function writeText(text: string): string {
  // JSON knows the same escapes, and writes every other control character as \uXXXX, as EDN does.
  return JSON.stringify(text);
}
