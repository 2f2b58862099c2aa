/** Which nodes live, and which links between them are cut. */
export class Topology {
  /** The nodes that there are now. */
  readonly #nodes: () => readonly string[];
  readonly #up = new Set<string>();
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
    if (connected) this.#cut.delete(linkOf(a, b));
    else this.#cut.add(linkOf(a, b));
  }

  isLinked(a: string, b: string): boolean {
    return !this.#cut.has(linkOf(a, b));
  }

  /** The links that are cut, each as a pair of nodes. */
  get cut(): [string, string][] {
    return [...this.#cut].map((link) => link.split(' ') as [string, string]);
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

function linkOf(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}
