import type { Dependency } from './dependency-graph.ts';
import { isList, type Value } from './values.ts';

/** A read of a list by a committed transaction: all that it saw. */
export interface ListRead {
  readonly reader: number;
  /** Their texts. */
  readonly elements: readonly string[];
}

/** What committed transactions did to a list. */
export interface ListKey {
  /** The text of the key. */
  readonly name: string;
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
export function longestOf(reads: readonly ListRead[]): readonly string[] {
  return reads.reduce<readonly string[]>(
    (longest, { elements }) => (elements.length > longest.length ? elements : longest),
    [],
  );
}

/** The first read that does not see the beginning of `order`. */
export function findFork(order: readonly string[], reads: readonly ListRead[]): ListRead | undefined {
  return reads.find(({ elements }) => elements.some((element, index) => element !== order[index]));
}

/**
 * What follows from the order of the elements. Those that nobody saw come after all that somebody saw, for a list only
 * grows.
 */
export function* listDependencies({ name, writers, reads }: ListKey): Generator<Dependency, void, undefined> {
  const order = longestOf(reads);
  const seen = new Set(order);
  const unseen = [...writers].filter(([element]) => !seen.has(element));
  const at = new Map(order.map((element, index) => [element, index]));

  for (const [index, element] of order.entries()) {
    const from = writers.get(element);
    if (from === undefined) continue;
    for (const [next, to] of following(index))
      yield {
        from,
        to,
        kind: 'ww',
        realTime: false,
        explain: (a, b) => `${b} appended ${next} to ${name} after ${a} appended ${element}`,
      };
  }
  for (const { reader, elements } of reads) {
    const last = elements.at(-1);
    const from = last === undefined ? undefined : writers.get(last);
    if (last !== undefined && from !== undefined)
      yield {
        from,
        to: reader,
        kind: 'wr',
        realTime: false,
        explain: (a, b) => `${b} saw in ${name} the ${last} that ${a} appended`,
      };
    for (const [next, to] of following(last === undefined ? -1 : (at.get(last) ?? order.length)))
      yield {
        from: reader,
        to,
        kind: 'rw',
        realTime: false,
        explain: (a, b) => `${a} did not see in ${name} the ${next} that ${b} appended`,
      };
  }

  function* following(index: number): Generator<readonly [string, number], void, undefined> {
    const next = order[index + 1];
    if (next === undefined) {
      yield* unseen;
      return;
    }
    const writer = writers.get(next);
    if (writer !== undefined) yield [next, writer];
  }
}
