import type { Dependency } from './dependency-graph.ts';
import { realTimePairs, type Span } from './real-time.ts';

/** How a committed transaction met a register. Versions are the texts of values; the one before any write is `nil`. */
export interface RegisterVisit extends Span {
  readonly transaction: number;
  /** What it read before it wrote any. */
  readonly read: string | undefined;
  /** What it wrote last. */
  readonly written: string | undefined;
}

export const NO_VERSION = 'nil';

/**
 * Which version comes before which, as far as it can be told. A register shows one version at a time, so this is less
 * than for lists: there is nothing before the first write; a transaction that read a version and wrote another
 * replaced the one by the other; with `realTime`, whoever came later met the same version or a later one.
 */
export function orderedVersions(
  visits: readonly RegisterVisit[],
  realTime: boolean,
): ReadonlyMap<string, ReadonlySet<string>> {
  const later = new Map<string, Set<string>>();
  const follows = new Set<string>();
  const add = (before: string | undefined, after: string | undefined) => {
    if (before === undefined || after === undefined || before === after) return;
    const known = later.get(before);
    if (known === undefined) later.set(before, new Set([after]));
    else known.add(after);
    follows.add(after);
  };
  for (const { read, written } of visits) if (read !== NO_VERSION) add(read, written);
  if (realTime) {
    for (const [before, after] of realTimePairs(visits)) {
      const [a, b] = [visits[before]!, visits[after]!];
      add(a.written ?? a.read, b.read ?? b.written);
    }
  }
  for (const { written } of visits)
    if (written !== undefined && !follows.has(written)) add(NO_VERSION, written);
  return later;
}

/** What follows from the order of the versions. */
export function* registerDependencies(
  name: string,
  visits: readonly RegisterVisit[],
  realTime: boolean,
): Generator<Dependency, void, undefined> {
  const writers = new Map<string, number>();
  const readers = new Map<string, number[]>();
  for (const { transaction, read, written } of visits) {
    if (written !== undefined) writers.set(written, transaction);
    if (read === undefined) continue;
    const known = readers.get(read);
    if (known === undefined) readers.set(read, [transaction]);
    else known.push(transaction);
  }
  for (const [version, ofVersion] of readers) {
    const from = writers.get(version);
    if (from === undefined) continue;
    for (const to of ofVersion)
      yield {
        from,
        to,
        kind: 'wr',
        explain: (a, b) => `${b} read from ${name} the ${version} that ${a} wrote`,
      };
  }
  for (const [version, laterOnes] of orderedVersions(visits, realTime)) {
    const writer = writers.get(version);
    for (const next of laterOnes) {
      const to = writers.get(next);
      if (to === undefined) continue;
      if (writer !== undefined)
        yield {
          from: writer,
          to,
          kind: 'ww',
          explain: (a, b) => `${b} wrote ${next} to ${name} after ${a} wrote ${version}`,
        };
      for (const reader of readers.get(version) ?? [])
        yield {
          from: reader,
          to,
          kind: 'rw',
          explain: (a, b) =>
            `${a} read ${version} from ${name}, which comes before the ${next} that ${b} wrote`,
        };
    }
  }
}
