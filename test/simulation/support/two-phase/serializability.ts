import type { TransactionId } from '../../../../machines/two-phase-commit/transaction-id.ts';
import { Violation } from '../../../../src/simulation/violation.ts';

/** A transaction that committed, or a read, as its client saw it. */
export interface Observation {
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  /** Each key that it read, with the version that it got; none of these keys is ever deleted. */
  readonly reads: readonly (readonly [key: string, version: TransactionId])[];
  /** Its own id, and what it wrote under it. */
  readonly id: TransactionId | undefined;
  readonly writes: readonly string[];
}

/**
 * Whether the observations have an order, in keeping with real time, in which each read sees the last write before it.
 * The order of the versions of a key is known: it is that of the ids. So it takes no search: there is one exactly when
 * what must come before what has no circle (Adya, Weak Consistency, 1999: the direct serialization graph).
 */
export function checkStrictSerializability(observations: readonly Observation[]): void {
  const nodes = [...observations].sort((a, b) => a.endMs - b.endMs);
  const writers = new Map<string, { readonly id: TransactionId; readonly place: number }[]>();
  nodes.forEach(({ id, writes }, place) => {
    if (id !== undefined)
      for (const key of writes) (writers.get(key) ?? newList(writers, key)).push({ id, place });
  });
  for (const list of writers.values()) list.sort((a, b) => a.id - b.id);
  const after = nodes.map((): Set<number> => new Set());
  const order = (before: number, later: number) => {
    if (before !== later) after[before]!.add(later);
  };
  for (const list of writers.values()) {
    for (let next = 1; next < list.length; next++) order(list[next - 1]!.place, list[next]!.place);
  }
  nodes.forEach(({ reads, name }, reader) => {
    for (const [key, version] of reads) {
      const list = writers.get(key) ?? [];
      const seen = list.findIndex(({ id }) => id === version);
      if (seen < 0 && version !== 0)
        throw new Violation('reads see what was committed', `${name} read ${key} of ${version}`);
      if (seen >= 0) order(list[seen]!.place, reader);
      if (list[seen + 1] !== undefined) order(reader, list[seen + 1]!.place);
    }
  });
  nodes.forEach((earlier, place) => {
    nodes.forEach((later, other) => {
      if (earlier.endMs < later.startMs) order(place, other);
    });
  });
  const circle = circleIn(after);
  if (circle !== undefined)
    throw new Violation('strict serializability', circle.map((place) => describe(nodes[place]!)).join(' → '));
}

function newList<Item>(lists: Map<string, Item[]>, key: string): Item[] {
  const list: Item[] = [];
  lists.set(key, list);
  return list;
}

function circleIn(after: readonly ReadonlySet<number>[]): number[] | undefined {
  const state = after.map(() => 0);
  const path: number[] = [];
  const visit = (place: number): number[] | undefined => {
    state[place] = 1;
    path.push(place);
    for (const next of after[place]!) {
      if (state[next] === 1) return path.slice(path.indexOf(next));
      const circle = state[next] === 0 ? visit(next) : undefined;
      if (circle !== undefined) return circle;
    }
    path.pop();
    state[place] = 2;
    return undefined;
  };
  for (const place of after.keys()) {
    const circle = state[place] === 0 ? visit(place) : undefined;
    if (circle !== undefined) return circle;
  }
  return undefined;
}

function describe({ name, startMs, endMs, reads, id, writes }: Observation): string {
  return `${name} (${startMs.toFixed(2)} to ${endMs.toFixed(2)}) read ${JSON.stringify(reads)}, wrote ${writes} as ${id}`;
}
