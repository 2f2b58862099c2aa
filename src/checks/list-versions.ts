import type { Dependency } from './dependency-graph.ts';
import { isList, textOf, type Value } from './values.ts';

/** A read of a list by a committed transaction: all that it saw. */
export interface ListRead {
  readonly reader: number;
  readonly elements: readonly Value[];
}

/** What committed transactions did to a list. */
export interface ListKey {
  readonly key: Value;
  /** Who appended an element, by its text: committed transactions only. */
  readonly writers: ReadonlyMap<string, number>;
  readonly reads: readonly ListRead[];
}

/** The elements that a read saw; undefined where what it saw is no list. */
export function elementsOf(value: Value): readonly Value[] | undefined {
  if (value === null) return [];
  return isList(value) ? value : undefined;
}

/** The longest of the reads: the order of the elements, as far as it was seen. */
export function longestOf(reads: readonly ListRead[]): readonly Value[] {
  return reads.reduce<readonly Value[]>(
    (longest, { elements }) => (elements.length > longest.length ? elements : longest),
    [],
  );
}

/** The first read that does not see the beginning of `order`. */
export function findFork(order: readonly Value[], reads: readonly ListRead[]): ListRead | undefined {
  const texts = order.map(textOf);
  return reads.find(({ elements }) => elements.some((element, index) => textOf(element) !== texts[index]));
}

/**
 * What follows from the order of the elements. Those that nobody saw come after all that somebody saw, for a list only
 * grows.
 */
export function* listDependencies({ key, writers, reads }: ListKey): Generator<Dependency, void, undefined> {
  const name = textOf(key);
  const order = longestOf(reads);
  const seen = new Set(order.map(textOf));
  const unseen = [...writers].filter(([element]) => !seen.has(element));
  const at = new Map(order.map((element, index) => [textOf(element), index]));

  for (const [index, element] of order.entries()) {
    const from = writers.get(textOf(element));
    if (from === undefined) continue;
    for (const [next, to] of following(index))
      yield {
        from,
        to,
        kind: 'ww',
        explain: (a, b) => `${b} appended ${next} to ${name} after ${a} appended ${textOf(element)}`,
      };
  }
  for (const { reader, elements } of reads) {
    const last = elements.at(-1);
    const from = last === undefined ? undefined : writers.get(textOf(last));
    if (last !== undefined && from !== undefined)
      yield {
        from,
        to: reader,
        kind: 'wr',
        explain: (a, b) => `${b} saw in ${name} the ${textOf(last)} that ${a} appended`,
      };
    for (const [next, to] of following(last === undefined ? -1 : (at.get(textOf(last)) ?? order.length)))
      yield {
        from: reader,
        to,
        kind: 'rw',
        explain: (a, b) => `${a} did not see in ${name} the ${next} that ${b} appended`,
      };
  }

  function* following(index: number): Generator<readonly [string, number], void, undefined> {
    const next = order[index + 1];
    if (next === undefined) {
      yield* unseen;
      return;
    }
    const writer = writers.get(textOf(next));
    if (writer !== undefined) yield [textOf(next), writer];
  }
}
