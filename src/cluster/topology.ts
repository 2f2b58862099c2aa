/** Which nodes live, and which links between them are cut. */
export class Topology {
  /** The nodes that there are now. */
  readonly #nodes: () => readonly string[];
  readonly #up = new Set<string>();
  /** Directions, each as the sender and the receiver. */
  readonly #cut = new Set<string>();

  constructor(nodes: () => readonly string[]) {
    this.#nodes = nodes;
  }

  get nodes(): readonly string[] {
    return this.#nodes();
  }

  setUp(node: string, up: boolean): void {
    if (up) this.#up.add(node);
    else this.#up.delete(node);
  }

  isUp(node: string): boolean {
    return this.#up.has(node);
  }

  /** The nodes that live. */
  get up(): string[] {
    return this.nodes.filter((node) => this.#up.has(node));
  }

  setLink(a: string, b: string, connected: boolean): void {
    this.setDirection(a, b, connected);
    this.setDirection(b, a, connected);
  }

  /** As {@link setLink}, what `from` sends to `to` alone. */
  setDirection(from: string, to: string, connected: boolean): void {
    if (connected) this.#cut.delete(`${from} ${to}`);
    else this.#cut.add(`${from} ${to}`);
  }

  /** Whether each hears the other: with a link that carries one way alone little can be done. */
  isLinked(a: string, b: string): boolean {
    return !this.#cut.has(`${a} ${b}`) && !this.#cut.has(`${b} ${a}`);
  }

  /** The links that are cut, both ways or one, each as a pair of nodes. */
  get cut(): [string, string][] {
    const pairs = [...this.#cut].map((direction) => direction.split(' ') as [string, string]);
    return pairs.filter(([from, to]) => from < to || !this.#cut.has(`${to} ${from}`)).map(inOrder);
  }

  /** The live nodes that a node is linked with. */
  neighbours(node: string): string[] {
    return this.nodes.filter((other) => other !== node && this.isUp(other) && this.isLinked(node, other));
  }

  /** The live nodes that these reach, over others if need be; themselves first. */
  reachable(from: readonly string[]): string[] {
    const reached = new Set(from);
    // The set grows while it is walked.
    for (const node of reached) for (const neighbour of this.neighbours(node)) reached.add(neighbour);
    return [...reached];
  }

  /** A node is gone for good. */
  remove(node: string): void {
    this.#up.delete(node);
    for (const link of this.#cut) if (link.split(' ').includes(node)) this.#cut.delete(link);
  }
}

function inOrder([a, b]: [string, string]): [string, string] {
  return a < b ? [a, b] : [b, a];
}
