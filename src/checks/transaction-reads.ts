import { describe } from './drawing.ts';
import type { History } from './history.ts';
import { elementsOf } from './list-versions.ts';
import { type KeyHistory, seenBy } from './transaction-keys.ts';
import type { MicroOperation, Transaction } from './transactions.ts';
import { isList, textOf } from './values.ts';
import type { Anomaly } from './verdict.ts';

/** What no single read may show, whatever the order of the transactions is; one of each kind at most. */
export function* readAnomalies(
  history: History,
  transactions: readonly Transaction[],
  keys: ReadonlyMap<string, KeyHistory>,
): Generator<Anomaly, void, undefined> {
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
  const views = new Map<string, OwnView>();
  for (const step of reader.steps) {
    const key = keys.get(step.key);
    const view = views.get(step.key) ?? new OwnView(reader, key);
    views.set(step.key, view);
    if (step.f !== 'r') {
      view.write(step);
      continue;
    }
    // Nobody has written to a key of no kind: an empty list may be what nothing looks like there.
    const kind = key?.kind ?? (isList(step.value) ? 'list' : 'register');
    if (kind === 'list' && elementsOf(step.value) === undefined) {
      yield { name: 'garbage read', what: `${step.key} is a list, and was read as ${textOf(step.value)}` };
      continue;
    }
    const seen = seenBy(step, kind);
    const duplicate = firstDuplicate(seen);
    if (duplicate !== undefined)
      yield { name: 'duplicate element', what: `${duplicate} is in ${step.key} twice` };
    yield* strangers(reader, step.key, key, seen);
    const problem = kind === 'list' ? view.checkList(seen) : view.checkRegister(seen[0]);
    if (problem !== undefined) yield { name: 'internal inconsistency', what: `${step.key}: ${problem}` };
  }
}

/** What nobody may see. */
function* strangers(
  reader: Transaction,
  name: string,
  key: KeyHistory | undefined,
  seen: readonly string[],
): Generator<ReadAnomaly, void, undefined> {
  for (const [index, text] of seen.entries()) {
    const writer = key?.writers.get(text);
    if (writer === undefined) {
      yield { name: 'garbage read', what: `${text} was read from ${name}, and nobody wrote it` };
    } else if (writer.transaction.operation.outcome === 'fail') {
      const what = `aborted read: ${text} was read from ${name}, and its transaction failed`;
      yield { name: 'G1a', what, writer: writer.transaction };
    } else if (index === seen.length - 1 && writer.transaction !== reader && !writer.isLast) {
      const what = `intermediate read: ${text} was read from ${name}, and is not the last that its transaction wrote there`;
      yield { name: 'G1b', what, writer: writer.transaction };
    } else if (
      key?.kind === 'list' &&
      writer.before !== undefined &&
      seen.indexOf(writer.before) !== index - 1
    ) {
      const what = `${text} is in ${name} without the ${writer.before} that its transaction appended just before`;
      yield { name: 'incompatible order', what, writer: writer.transaction };
    }
  }
}

/** What a transaction must find under a key by what it found and wrote there before. */
class OwnView {
  readonly #reader: Transaction;
  readonly #key: KeyHistory | undefined;
  /** What it has found; undefined before it has read. */
  #found: readonly string[] | undefined;
  /** What it has written since. */
  #written: string[] = [];

  constructor(reader: Transaction, key: KeyHistory | undefined) {
    this.#reader = reader;
    this.#key = key;
  }

  write({ value }: MicroOperation): void {
    this.#written.push(textOf(value));
  }

  checkList(seen: readonly string[]): string | undefined {
    const found = seen.slice(0, Math.max(0, seen.length - this.#written.length));
    const expected = this.#found ?? found.filter((text) => !this.#isOwn(text));
    const whole = [...expected, ...this.#written];
    const before = this.#found;
    this.#found = seen;
    const written = this.#written.splice(0);
    if (isSame(seen, whole)) return undefined;
    return `[${seen.join(' ')}] was read where [${[...(before ?? ['...']), ...written].join(' ')}] must be`;
  }

  checkRegister(seen: string | undefined): string | undefined {
    const expected =
      this.#written.at(-1) ?? (this.#found === undefined ? undefined : (this.#found[0] ?? 'nil'));
    const isFirst = expected === undefined;
    this.#found = seen === undefined ? [] : [seen];
    this.#written = [];
    const text = seen ?? 'nil';
    if (isFirst)
      return this.#isOwn(text) ? `${text} was read by the transaction that wrote it later` : undefined;
    return text === expected ? undefined : `${text} was read where ${expected} must be`;
  }

  #isOwn(text: string): boolean {
    return this.#key?.writers.get(text)?.transaction === this.#reader;
  }
}

function firstDuplicate(texts: readonly string[]): string | undefined {
  const known = new Set<string>();
  return texts.find((text) => known.size === known.add(text).size);
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index]);
}
