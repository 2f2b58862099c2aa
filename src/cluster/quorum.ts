import type { Topology } from './topology.ts';

/** Whether, and where, a majority of the voters can decide. */
export class Quorum {
  readonly #topology: Topology;
  #voters: readonly string[] | undefined;
  readonly #mute = new Set<string>();

  constructor(topology: Topology) {
    this.#topology = topology;
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
    this.#mute.delete(node);
  }

  /** Whether some live node can reach a majority directly, itself counted: only then can anything be decided. */
  isConnected(): boolean {
    return this.#topology.nodes.some((node) => this.#leadsMajority(node));
  }

  /**
   * The live nodes that can, over others if need be, exchange messages with a node that leads a majority. One that has
   * no vote only if it hears all of these itself: whoever leads must take it in.
   */
  majoritySide(): string[] {
    const topology = this.#topology;
    const side = topology.reachable(topology.nodes.filter((node) => this.#leadsMajority(node)));
    const hears = (node: string) => side.every((other) => other === node || topology.isLinked(node, other));
    return side.filter((node) => this.hasVote(node) || hears(node));
  }

  /** The live nodes whose votes would count, had they not lost their memory. */
  get mute(): string[] {
    return this.#allVoters.filter((node) => this.#topology.isUp(node) && !this.hasVote(node));
  }

  get #allVoters(): readonly string[] {
    return this.#voters ?? this.#topology.nodes;
  }

  #leadsMajority(node: string): boolean {
    if (!this.#topology.isUp(node)) return false;
    const voters = this.#allVoters;
    const reached = [node, ...this.#topology.neighbours(node)].filter(
      (other) => voters.includes(other) && this.hasVote(other),
    );
    return reached.length > voters.length / 2;
  }
}
