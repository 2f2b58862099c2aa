import { LineError, UsageError } from './errors.ts';
import type { LineReader } from './line-reader.ts';

/** One argument of a command: reads it from the line and checks it against what the script has declared so far. */
export interface Argument<Scope, Value> {
  readonly label: string;
  /** @throws LineError saying what is wrong. */
  read(line: LineReader, scope: Scope): Value;
}

/** What a line does when the script runs. One that returns nothing lets the next line follow in the same tick. */
export type Act<Run> = (run: Run) => void | Promise<void>;

/** A command of a grammar. */
export interface Command<Scope, Run> {
  /** The labels of its arguments, for help and messages: `c text`. */
  readonly synopsis: string;
  /** What it does, in a few words. */
  readonly meaning: string;
  /** Reads the arguments. @throws LineError when the line is wrong. */
  bind(line: LineReader, scope: Scope): Act<Run>;
}

/** The commands of a grammar by their names. */
export type Commands<Scope, Run> = Readonly<Record<string, Command<Scope, Run>>>;

/** Defines a command: its arguments in order, what it does, and what it declares to the lines that follow. */
export function command<Scope, Run, Values extends readonly unknown[]>(definition: {
  readonly arguments: { readonly [Index in keyof Values]: Argument<Scope, Values[Index]> };
  readonly meaning: string;
  readonly declare?: (scope: Scope, ...values: Values) => void;
  readonly act: (run: Run, ...values: Values) => void | Promise<void>;
}): Command<Scope, Run> {
  const list: readonly Argument<Scope, unknown>[] = definition.arguments;
  return {
    synopsis: list.map(({ label }) => label).join(' '),
    meaning: definition.meaning,
    bind(line, scope) {
      // The mapped type ties each argument to its value; reading them in order yields exactly Values.
      const values = list.map((argument) => argument.read(line, scope)) as unknown as Values;
      const surplus = line.text();
      if (surplus !== undefined) throw new UsageError(`one argument too many: "${surplus.trim()}"`);
      definition.declare?.(scope, ...values);
      return (run) => definition.act(run, ...values);
    },
  };
}

/** A word without spaces. */
export function word(label: string): Argument<unknown, string> {
  return { label, read: (line) => present(line.word(), label) };
}

/** A word; one with spaces stands in double quotes. */
export function quotable(label: string): Argument<unknown, string> {
  return { label, read: (line) => present(line.quotable(), label) };
}

/** The rest of the line, its spaces kept. */
export function text(label: string): Argument<unknown, string> {
  return { label, read: (line) => present(line.text(), label) };
}

/** The same argument, of at most so many UTF-8 bytes. */
export function bounded<Scope>(argument: Argument<Scope, string>, bytesMax: number): Argument<Scope, string> {
  return {
    label: argument.label,
    read(line, scope) {
      const value = argument.read(line, scope);
      const bytes = Buffer.byteLength(value);
      if (bytes > bytesMax)
        throw new LineError(`${argument.label} has ${bytes} bytes; at most ${bytesMax} are allowed`);
      return value;
    },
  };
}

/** The same argument under another label. */
export function labelled<Scope, Value>(
  argument: Argument<Scope, Value>,
  label: string,
): Argument<Scope, Value> {
  return { ...argument, label };
}

/** A whole number from `min` to `max`, both included. */
export function wholeNumber(label: string, min: number, max: number): Argument<unknown, number> {
  return {
    label,
    read(line) {
      const value = parseWholeNumber(present(line.word(), label), label);
      if (value < min) throw new LineError(`${label} is ${value}; it must be at least ${min}`);
      if (value > max) throw new LineError(`${label} is ${value}; it must be at most ${max}`);
      return value;
    },
  };
}

/** The number that a word spells. @throws LineError when it spells none. */
export function parseWholeNumber(spelled: string, label: string): number {
  const value = /^\d+$/.test(spelled) ? Number(spelled) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new LineError(`${label} must be a whole number, not "${spelled}"`);
  return value;
}

/** @throws UsageError when the argument is missing. */
export function present<Value>(value: Value | undefined, label: string): Value {
  if (value === undefined) throw new UsageError(`missing argument ${label}`);
  return value;
}
