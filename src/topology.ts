/** Which nodes live, and which links between them are cut. */
export class Topology {
  /** The nodes that there are now. */
  readonly #nodes: () => readonly string[];
  #voters: readonly string[] | undefined;
  readonly #up = new Set<string>();
  readonly #mute = new Set<string>();
  readonly #cut = new Set<string>();

  constructor(nodes: () => readonly string[]) {
    this.#nodes = nodes;
  }

  /** Whose majority decides; all nodes, until it is said. */
  setVoters(voters: readonly string[]): void {
    this.#voters = voters;
  }

  /** One that learns, or has lost its memory, counts towards no majority. */
  setVoting(node: string, hasVote: boolean): void {
    if (hasVote) this.#mute.delete(node);
    else this.#mute.add(node);
  }

  hasVote(node: string): boolean {
    return !this.#mute.has(node);
  }

  /** A node is gone for good. */
  remove(node: string): void {
    this.#up.delete(node);
    this.#mute.delete(node);
    for (const link of this.#cut) if (link.split(' ').includes(node)) this.#cut.delete(link);
  }

  setUp(node: string, up: boolean): void {
    if (up) this.#up.add(node);
    else this.#up.delete(node);
  }

  isUp(node: string): boolean {
    return this.#up.has(node);
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

  /** Whether some live node can reach a majority directly, itself counted: only then can anything be decided. */
  hasQuorum(): boolean {
    return this.#nodes().some((node) => this.#leadsMajority(node));
  }

  /**
   * The live nodes that can, over others if need be, exchange messages with a node that leads a majority. One that has
   * no vote only if it hears all of these itself: whoever leads must take it in.
   */
  majoritySide(): string[] {
    const reached = new Set(this.#nodes().filter((node) => this.#leadsMajority(node)));
    // The set grows while it is walked.
    for (const node of reached) for (const neighbour of this.#neighbours(node)) reached.add(neighbour);
    const side = [...reached];
    const hears = (node: string) => side.every((other) => other === node || this.isLinked(node, other));
    return side.filter((node) => this.hasVote(node) || hears(node));
  }

  /** The live nodes whose votes would count, had they not lost their memory. */
  get mute(): string[] {
    const voters = this.#voters ?? this.#nodes();
    return voters.filter((node) => this.isUp(node) && !this.hasVote(node));
  }

  #leadsMajority(node: string): boolean {
    if (!this.isUp(node)) return false;
    const voters = this.#voters ?? this.#nodes();
    const reached = [node, ...this.#neighbours(node)].filter(
      (other) => voters.includes(other) && this.hasVote(other),
    );
    return reached.length > voters.length / 2;
  }

  #neighbours(node: string): string[] {
    return this.#nodes().filter((other) => other !== node && this.isUp(other) && this.isLinked(node, other));
  }
}

function linkOf(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}
