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

/** What is there before any write. */
export const NO_VERSION = 'nil';

/** What committed transactions did to a register. */
export interface RegisterKey {
  readonly name: string;
  readonly visits: readonly RegisterVisit[];
}

/** Two versions, the first of which came before the second. */
interface VersionOrder {
  readonly before: string;
  readonly after: string;
  readonly realTime: boolean;
}

/**
 * Which version comes before which, as far as it can be told at once. A register shows one version at a time, so this
 * is less than for lists: there is nothing before the first write; a transaction that read a version and wrote another
 * replaced the one by the other; with `realTime`, what was written later is later.
 */
function orderedVersions(visits: readonly RegisterVisit[], realTime: boolean): readonly VersionOrder[] {
  const orders: VersionOrder[] = [];
  for (const { read, written } of visits)
    if (read !== undefined && read !== NO_VERSION && written !== undefined)
      orders.push({ before: read, after: written, realTime: false });
  const replaced = new Set(orders.map(({ after }) => after));
  for (const { written } of visits)
    if (written !== undefined && !replaced.has(written))
      orders.push({ before: NO_VERSION, after: written, realTime: false });
  if (!realTime) return orders;
  const writes = visits.flatMap((visit) =>
    visit.written === undefined ? [] : [{ ...visit, written: visit.written }],
  );
  for (const [before, after] of realTimePairs(writes))
    orders.push({ before: writes[before]!.written, after: writes[after]!.written, realTime: true });
  return orders;
}

/** What follows from the order of the versions. */
export function* registerDependencies(
  name: string,
  visits: readonly RegisterVisit[],
  realTime: boolean,
): Generator<Dependency, void, undefined> {
  const writers = new Map<string, number>();
  for (const { transaction, written } of visits) if (written !== undefined) writers.set(written, transaction);
  const readers = readersOf(visits);
  for (const [version, ofVersion] of readers) {
    const from = writers.get(version);
    if (from === undefined) continue;
    const explain = (a: string, b: string) => `${b} read from ${name} the ${version} that ${a} wrote`;
    for (const to of ofVersion) yield { from, to, kind: 'wr', realTime: false, explain };
  }
  for (const { before, after, realTime: inTime } of orderedVersions(visits, realTime)) {
    const writer = writers.get(before);
    const to = writers.get(after)!;
    if (writer !== undefined) {
      const explain = (a: string, b: string) => `${b} wrote ${after} to ${name} after ${a} wrote ${before}`;
      yield { from: writer, to, kind: 'ww', realTime: inTime, explain };
    }
    const explain = (a: string, b: string) =>
      `${a} read ${before} from ${name}, which comes before the ${after} that ${b} wrote`;
    for (const from of readers.get(before) ?? []) yield { from, to, kind: 'rw', realTime: inTime, explain };
  }
}

/** Who read a version, before writing any. */
export function readersOf(visits: readonly RegisterVisit[]): ReadonlyMap<string, readonly number[]> {
  const readers = new Map<string, number[]>();
  for (const { transaction, read } of visits) {
    if (read === undefined) continue;
    const known = readers.get(read);
    if (known === undefined) readers.set(read, [transaction]);
    else known.push(transaction);
  }
  return readers;
}
