import { describe } from './drawing.ts';
import type { History } from './history.ts';
import { elementsOf } from './list-versions.ts';
import type { KeyHistory, MicroOperation, Transaction } from './transactions.ts';
import { textOf, type Value } from './values.ts';
import type { Violation } from './verdict.ts';

/** What no single read may show, whatever the order of the transactions is; one of each kind at most. */
export function* readAnomalies(
  history: History,
  transactions: readonly Transaction[],
  keys: ReadonlyMap<string, KeyHistory>,
): Generator<Violation, void, undefined> {
  const told = new Set<string>();
  for (const reader of transactions) {
    if (reader.operation.outcome !== 'ok') continue;
    for (const { name, what, writer } of anomaliesOf(reader, keys)) {
      if (told.has(name)) continue;
      told.add(name);
      const operations = [reader, ...(writer === undefined || writer === reader ? [] : [writer])].map(
        ({ operation }) => operation,
      );
      const lines = operations.map((operation) => `  ${describe(history, operation)}`);
      yield { name, operations, drawing: [`${name}: ${what}`, ...lines].join('\n') };
    }
  }
}

interface ReadAnomaly {
  readonly name: string;
  readonly what: string;
  readonly writer?: Transaction | undefined;
}

function* anomaliesOf(
  reader: Transaction,
  keys: ReadonlyMap<string, KeyHistory>,
): Generator<ReadAnomaly, void, undefined> {
  const own = new Map<string, OwnView>();
  for (const step of reader.steps) {
    const name = textOf(step.key);
    const key = keys.get(name);
    const view = own.get(name) ?? new OwnView();
    own.set(name, view);
    if (step.f !== 'r') {
      view.write(step);
      continue;
    }
    const isList = key?.kind === 'list';
    const seen = isList ? elementsOf(step.value) : step.value === null ? [] : [step.value];
    if (seen === undefined) {
      yield { name: 'garbage read', what: `${name} is a list, and was read as ${textOf(step.value)}` };
      continue;
    }
    const duplicate = firstDuplicate(seen.map(textOf));
    if (duplicate !== undefined)
      yield { name: 'duplicate element', what: `${duplicate} is in ${name} twice` };
    yield* ofSeen(reader, name, key, seen);
    const problem = isList ? view.checkList(seen, reader, key) : view.checkRegister(step.value, reader, key);
    if (problem !== undefined) yield { name: 'internal inconsistency', what: `${name}: ${problem}` };
  }
}

function* ofSeen(
  reader: Transaction,
  name: string,
  key: KeyHistory | undefined,
  seen: readonly Value[],
): Generator<ReadAnomaly, void, undefined> {
  for (const [index, element] of seen.entries()) {
    const text = textOf(element);
    const writer = key?.writers.get(text);
    if (writer === undefined) {
      yield { name: 'garbage read', what: `${text} was read from ${name}, and nobody wrote it` };
    } else if (writer.operation.outcome === 'fail') {
      yield {
        name: 'G1a',
        what: `aborted read: ${text} was read from ${name}, and its transaction failed`,
        writer,
      };
    } else if (index === seen.length - 1 && writer !== reader && lastWritten(writer, name) !== text) {
      yield {
        name: 'G1b',
        what: `intermediate read: ${text} was read from ${name}, and is not the last that its transaction wrote there`,
        writer,
      };
    }
  }
}

/** The text of what a transaction wrote last to a key. */
export function lastWritten({ steps }: Transaction, key: string): string | undefined {
  const last = steps.findLast((step) => step.f !== 'r' && textOf(step.key) === key);
  return last === undefined ? undefined : textOf(last.value);
}

/** What a transaction must find under a key by what it found and wrote there before. */
class OwnView {
  /** What it has read; undefined before the first read. */
  #base: readonly string[] | undefined;
  /** What it has written since. */
  #written: string[] = [];

  write({ value }: MicroOperation): void {
    this.#written.push(textOf(value));
  }

  checkList(seen: readonly Value[], reader: Transaction, key: KeyHistory | undefined): string | undefined {
    const texts = seen.map(textOf);
    const base = texts.slice(0, texts.length - this.#written.length);
    const tail = texts.slice(base.length);
    const expected = this.#base;
    const foreign = expected ?? base.filter((element) => key?.writers.get(element) !== reader);
    if (texts.length >= this.#written.length && isSame(tail, this.#written) && isSame(base, foreign)) {
      this.#base = texts;
      this.#written = [];
      return undefined;
    }
    return `[${texts.join(' ')}] was read by a transaction that must see [${[...(expected ?? ['...']), ...this.#written].join(' ')}]`;
  }

  checkRegister(value: Value, reader: Transaction, key: KeyHistory | undefined): string | undefined {
    const text = textOf(value);
    const expected = this.#written.at(-1) ?? this.#base?.[0];
    if (expected === undefined ? key?.writers.get(text) !== reader : text === expected) {
      this.#base = [text];
      this.#written = [];
      return undefined;
    }
    if (expected === undefined) return `${text} was read by the transaction that wrote it later`;
    return `${text} was read by a transaction that must see ${expected}`;
  }
}

function firstDuplicate(texts: readonly string[]): string | undefined {
  const known = new Set<string>();
  return texts.find((text) => known.size === known.add(text).size);
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index]);
}
