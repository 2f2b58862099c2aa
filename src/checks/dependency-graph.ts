import { MinHeap } from './min-heap.ts';
import type { Deadline } from './verdict.ts';

/**
 * Why one transaction comes before another (Adya, 1999): it wrote the version before (`ww`), or the version that the
 * other read (`wr`), or read the version that the other replaced (`rw`), or ended before the other began (`rt`).
 */
export type DependencyKind = 'ww' | 'wr' | 'rw' | 'rt';

export interface Dependency {
  readonly from: number;
  readonly to: number;
  readonly kind: DependencyKind;
  /** Whether it holds only where transactions come in the order of real time. */
  readonly realTime: boolean;
  /** In words, of two transactions called by their names. */
  readonly explain: (from: string, to: string) => string;
}

/** Which dependencies to follow. */
export interface Route {
  readonly kinds: ReadonlySet<DependencyKind>;
  /** Whether also those that hold only in real time. */
  readonly realTime: boolean;
}

/** Transactions, by number, and what makes one come before another. */
export class DependencyGraph {
  readonly size: number;
  readonly #out: Map<number, Dependency[]>[];
  #edges = 0;

  constructor(size: number) {
    this.size = size;
    this.#out = Array.from({ length: size }, () => new Map());
  }

  /** How many dependencies there are. */
  get edges(): number {
    return this.#edges;
  }

  /** One of each kind is enough; none is of a transaction on itself. */
  add(dependency: Dependency): void {
    const { from, to, kind, realTime } = dependency;
    if (from === to) return;
    const known = this.#out[from]!.get(to);
    if (known === undefined) this.#out[from]!.set(to, [dependency]);
    else if (known.every((other) => other.kind !== kind || other.realTime !== realTime))
      known.push(dependency);
    else return;
    this.#edges += 1;
  }

  *from(transaction: number, { kinds, realTime }: Route): Generator<Dependency, void, undefined> {
    for (const dependencies of this.#out[transaction]!.values()) {
      const dependency = dependencies.find((known) => kinds.has(known.kind) && (realTime || !known.realTime));
      if (dependency !== undefined) yield dependency;
    }
  }

  copy(): DependencyGraph {
    const copy = new DependencyGraph(this.size);
    for (const out of this.#out)
      for (const dependencies of out.values()) for (const dependency of dependencies) copy.add(dependency);
    return copy;
  }

  /** All transactions, each after those that it depends on, else in order of their numbers; undefined in a circle. */
  inOrder(): readonly number[] | undefined {
    const waitsFor = new Int32Array(this.size);
    for (const out of this.#out) for (const to of out.keys()) waitsFor[to]! += 1;
    const ready = new MinHeap();
    for (let at = 0; at < this.size; at++) if (waitsFor[at] === 0) ready.push(at);
    const order: number[] = [];
    for (let at = ready.pop(); at !== undefined; at = ready.pop()) {
      order.push(at);
      for (const to of this.#out[at]!.keys()) if (--waitsFor[to]! === 0) ready.push(to);
    }
    return order.length === this.size ? order : undefined;
  }

  /** Those that depend directly on a transaction. */
  after(transaction: number): Iterable<number> {
    return this.#out[transaction]!.keys();
  }

  /** A short cycle that begins with a dependency of the one route, and goes on by the other. Gives up when time is up. */
  cycle(first: Route, rest: Route, deadline: Deadline): readonly Dependency[] | undefined {
    const components = this.#components({
      kinds: new Set([...first.kinds, ...rest.kinds]),
      realTime: first.realTime || rest.realTime,
    });
    let best: readonly Dependency[] | undefined;
    let tries = 0;
    for (let from = 0; from < this.size; from++) {
      for (const start of this.from(from, first)) {
        if (components[start.from] !== components[start.to]) continue;
        const back = this.#path(start.to, start.from, rest, components);
        if (back !== undefined && (best === undefined || back.length + 1 < best.length))
          best = [start, ...back];
        if (best !== undefined && (best.length === 2 || ++tries > TRIES_MAX)) return best;
        if (deadline()) return best;
      }
    }
    return best;
  }

  /** The shortest way, within a component. */
  #path(start: number, end: number, route: Route, components: Int32Array): Dependency[] | undefined {
    const reachedBy = new Map<number, Dependency>();
    const queue = [start];
    for (const here of queue) {
      for (const dependency of this.from(here, route)) {
        const { to } = dependency;
        if (components[to] !== components[start] || to === start || reachedBy.has(to)) continue;
        reachedBy.set(to, dependency);
        if (to === end) return backwards(reachedBy, end, start);
        queue.push(to);
      }
    }
    return undefined;
  }

  /** Which strongly connected component each belongs to, by number (Tarjan, 1972). */
  #components(route: Route): Int32Array {
    const component = new Int32Array(this.size).fill(-1);
    const order = new Int32Array(this.size).fill(-1);
    const low = new Int32Array(this.size);
    const open: number[] = [];
    let count = 0;
    let next = 0;
    for (let root = 0; root < this.size; root++) {
      if (order[root] !== -1) continue;
      const visits: { readonly at: number; readonly out: Iterator<Dependency, void> }[] = [];
      const enter = (at: number) => {
        order[at] = next;
        low[at] = next++;
        open.push(at);
        visits.push({ at, out: this.from(at, route) });
      };
      enter(root);
      for (let visit = visits.at(-1); visit !== undefined; visit = visits.at(-1)) {
        const { at, out } = visit;
        const step = out.next();
        if (step.done !== true) {
          const { to } = step.value;
          if (order[to] === -1) enter(to);
          else if (component[to] === -1) low[at] = Math.min(low[at]!, order[to]!);
          continue;
        }
        visits.pop();
        const above = visits.at(-1);
        if (above !== undefined) low[above.at] = Math.min(low[above.at]!, low[at]!);
        if (low[at] !== order[at]) continue;
        for (let member = open.pop(); member !== undefined; member = member === at ? undefined : open.pop())
          component[member] = count;
        count += 1;
      }
    }
    return component;
  }
}

/** Once there is a cycle, so many more ways are tried for a shorter one. */
const TRIES_MAX = 200;

function backwards(reachedBy: ReadonlyMap<number, Dependency>, end: number, start: number): Dependency[] {
  const path: Dependency[] = [];
  for (let at = end; at !== start; ) {
    const dependency = reachedBy.get(at)!;
    path.push(dependency);
    at = dependency.from;
  }
  return path.reverse();
}
