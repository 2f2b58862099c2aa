import { type Dependency, DependencyGraph, type DependencyKind } from './dependency-graph.ts';
import { Reachability } from './reachability.ts';
import { type RegisterKey, readersOf } from './register-versions.ts';
import { type Deadline, OUT_OF_MEMORY, OUT_OF_TIME } from './verdict.ts';

/** `ordered`: some order of the versions leads to no cycle; a graph: with what must be, it has one. */
export type ChoiceResult = 'ordered' | DependencyGraph | typeof OUT_OF_TIME | typeof OUT_OF_MEMORY;

/** A version that a transaction wrote, and those that read it. */
interface Version {
  readonly name: string;
  readonly text: string;
  readonly writer: number;
  readonly readers: readonly number[];
}

/** Two versions of a register of which it is not known which came first. */
type Choice = readonly [Version, Version];

/** About the memory that this may take, in bytes. */
const BYTES_MAX = 256 * 1024 * 1024;
const CHOICES_MAX = 2_000_000;
/** What a dependency takes, roughly. */
const EDGE_BYTES = 200;

/**
 * Whether the versions of registers can be put in an order, key by key, without a cycle of dependencies: the question
 * that is left when what is known for sure has none (a polygraph: Papadimitriou, 1979). Of two versions, an order that
 * leads to a cycle is not the one, and where both do, there is none; what is open after that is tried out.
 */
export function chooseVersions(
  graph: DependencyGraph,
  registers: readonly RegisterKey[],
  realTime: boolean,
  deadline: Deadline,
): ChoiceResult {
  const versions = registers.map(versionsOf);
  const order = graph.inOrder();
  if (order === undefined) return graph;
  const pairs = versions.reduce((sum, { length }) => sum + length ** 2 / 2, 0);
  if (pairs > CHOICES_MAX || bytesFor(graph) > BYTES_MAX) return OUT_OF_MEMORY;
  const choices = versions.flatMap(choicesOf);
  return new Chooser(graph, versions, realTime, deadline).choose({
    graph,
    reach: Reachability.of(graph, order),
    choices,
  });
}

/** What is taken for sure, and what is left to choose. */
interface Situation {
  readonly graph: DependencyGraph;
  readonly reach: Reachability;
  readonly choices: readonly Choice[];
}

class Chooser {
  readonly #versions: readonly (readonly Version[])[];
  readonly #realTime: boolean;
  readonly #deadline: Deadline;
  readonly #copiesMax: number;
  #copies = 0;

  constructor(
    graph: DependencyGraph,
    versions: readonly (readonly Version[])[],
    realTime: boolean,
    deadline: Deadline,
  ) {
    this.#versions = versions;
    this.#realTime = realTime;
    this.#deadline = deadline;
    this.#copiesMax = BYTES_MAX / bytesFor(graph);
  }

  choose(situation: Situation): ChoiceResult {
    const choices = this.#settle(situation);
    if (typeof choices === 'string' || choices instanceof DependencyGraph) return choices;
    const { graph, reach } = situation;
    const order = graph.inOrder();
    if (order === undefined) return graph;
    const [choice] = choices;
    if (choice === undefined || fits(graph, order, this.#versions)) return 'ordered';
    if (this.#copies >= this.#copiesMax) return OUT_OF_MEMORY;
    this.#copies += 1;
    const [a, b] = choice;
    const guess = { graph: graph.copy(), reach: reach.copy(), choices };
    this.#take(guess, a, b);
    const result = this.choose(guess);
    this.#copies -= 1;
    if (!isCyclic(result)) return result;
    this.#take(situation, b, a);
    return this.choose({ graph, reach, choices });
  }

  /** Takes what must be, as long as there is something. What is left to choose, or why there is nothing to. */
  #settle(situation: Situation): readonly Choice[] | DependencyGraph | typeof OUT_OF_TIME {
    const { graph, reach } = situation;
    let left = situation.choices;
    for (;;) {
      const undecided: Choice[] = [];
      for (const [a, b] of left) {
        if (this.#deadline()) return OUT_OF_TIME;
        const ab = leadsToCycle(reach, a, b);
        const ba = leadsToCycle(reach, b, a);
        if (ab && ba) {
          for (const dependency of orderOf(a, b, this.#realTime)) graph.add(dependency);
          return graph;
        }
        if (ab) this.#take(situation, b, a);
        else if (ba) this.#take(situation, a, b);
        else undecided.push([a, b]);
      }
      if (undecided.length === left.length) return undecided;
      left = undecided;
    }
  }

  #take({ graph, reach }: Situation, first: Version, second: Version): void {
    for (const dependency of orderOf(first, second, this.#realTime)) {
      const { from, to } = dependency;
      if (from === to || reach.has(from, to)) continue;
      graph.add(dependency);
      reach.add(from, to);
    }
  }
}

/** What a situation takes in memory. */
function bytesFor(graph: DependencyGraph): number {
  return Reachability.bytesFor(graph.size) + graph.edges * EDGE_BYTES;
}

function isCyclic(result: ChoiceResult): result is DependencyGraph {
  return result instanceof DependencyGraph;
}

/** Whether there is no cycle if versions are ordered as those that wrote them. */
function fits(
  graph: DependencyGraph,
  order: readonly number[],
  versions: readonly (readonly Version[])[],
): boolean {
  const places = new Map(order.map((transaction, place) => [transaction, place]));
  const whole = graph.copy();
  for (const ofKey of versions) {
    const inOrder = ofKey.toSorted((a, b) => places.get(a.writer)! - places.get(b.writer)!);
    for (const [index, version] of inOrder.entries()) {
      const next = inOrder[index + 1];
      if (next === undefined) continue;
      for (const dependency of orderOf(version, next, false)) whole.add(dependency);
    }
  }
  return whole.inOrder() !== undefined;
}

function versionsOf({ name, visits }: RegisterKey): Version[] {
  const readers = readersOf(visits);
  return visits.flatMap(({ written, transaction }) =>
    written === undefined
      ? []
      : [{ name, text: written, writer: transaction, readers: readers.get(written) ?? [] }],
  );
}

/** All pairs in which somebody read one of the two. */
function choicesOf(versions: readonly Version[]): Choice[] {
  return versions.flatMap((a, index) =>
    versions
      .slice(index + 1)
      .filter((b) => a.readers.length + b.readers.length > 0)
      .map((b): Choice => [a, b]),
  );
}

/** What follows if one version comes before another. */
function* orderOf(
  first: Version,
  second: Version,
  realTime: boolean,
): Generator<Dependency, void, undefined> {
  const dependency = (from: number, kind: DependencyKind, did: string): Dependency => ({
    from,
    to: second.writer,
    kind,
    realTime,
    explain: (a, b) =>
      `${b} wrote ${second.text} to ${first.name} after ${a} ${did} ${first.text}: the other way round there is a cycle`,
  });
  yield dependency(first.writer, 'ww', 'wrote');
  for (const reader of first.readers) yield dependency(reader, 'rw', 'read');
}

function leadsToCycle(reach: Reachability, first: Version, second: Version): boolean {
  const after = second.writer;
  return (
    reach.has(after, first.writer) ||
    first.readers.some((reader) => reader !== after && reach.has(after, reader))
  );
}
