import type { Dependency, DependencyGraph, DependencyKind } from './dependency-graph.ts';
import { describe } from './drawing.ts';
import type { History, Operation } from './history.ts';
import type { Anomaly, Deadline } from './verdict.ts';

/** A cycle of transactions, each of which must come before the next. */
export interface CycleAnomaly extends Anomaly {
  readonly cycle: readonly {
    readonly kind: DependencyKind;
    readonly from: Operation;
    readonly to: Operation;
  }[];
}

interface CycleClass {
  readonly name: string;
  readonly title: string;
  /** A cycle has one of these ... */
  readonly first: readonly DependencyKind[];
  /** ... and else these. */
  readonly rest: readonly DependencyKind[];
}

/** After Adya (1999), the worst first. */
const CLASSES: readonly CycleClass[] = [
  { name: 'G0', title: 'a cycle of writes', first: ['ww'], rest: ['ww'] },
  { name: 'G1c', title: 'a cycle of information', first: ['wr'], rest: ['ww', 'wr'] },
  { name: 'G-single', title: 'a cycle with one anti-dependency', first: ['rw'], rest: ['ww', 'wr'] },
  { name: 'G2', title: 'a cycle of anti-dependencies', first: ['rw'], rest: ['ww', 'wr', 'rw'] },
];

/** The cycles of a graph, a short one of each class. */
export function* cycleAnomalies(
  history: History,
  graph: DependencyGraph,
  operations: readonly Operation[],
  realTime: boolean,
  deadline: Deadline,
): Generator<CycleAnomaly, void, undefined> {
  let found = 0;
  for (const { name, title, first, rest } of CLASSES) {
    // A cycle of two or more anti-dependencies says nothing new where one of them is enough.
    if (name === 'G2' && found > 0) return;
    const search = (inTime: boolean) =>
      graph.cycle(
        { kinds: new Set(first), realTime: inTime },
        { kinds: new Set(inTime ? [...rest, 'rt' as const] : rest), realTime: inTime },
        deadline,
      );
    const plain = search(false);
    const cycle = plain ?? (realTime ? search(true) : undefined);
    if (cycle === undefined) continue;
    found += 1;
    yield plain === undefined
      ? violation(history, operations, cycle, `${name}-realtime`, `${title} and real time`)
      : violation(history, operations, cycle, name, title);
  }
}

function violation(
  history: History,
  operations: readonly Operation[],
  cycle: readonly Dependency[],
  name: string,
  title: string,
): CycleAnomaly {
  const members = cycle.map(({ from }) => from);
  const names = new Map(members.map((member, index) => [member, `T${index + 1}`]));
  const nameOf = (member: number) => names.get(member)!;
  const arrows = cycle.map(({ from, to, kind }) => `  ${nameOf(from)} ──${kind}──▶ ${nameOf(to)}  `);
  const drawing = [
    `${name}: ${title}; each of these comes before the next, and the last before the first:`,
    ...members.map((member) => `  ${nameOf(member)}  ${describe(history, operations[member]!)}`),
    '',
    ...cycle.map(({ from, to, explain }, index) => `${arrows[index]}${explain(nameOf(from), nameOf(to))}`),
  ].join('\n');
  return {
    name,
    operations: members.map((member) => operations[member]!),
    drawing,
    cycle: cycle.map(({ kind, from, to }) => ({ kind, from: operations[from]!, to: operations[to]! })),
  };
}
