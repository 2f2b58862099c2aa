import { SimulatedHost, type SimulatedHostOptions } from '../../../../actors/simulated/index.ts';

/**
 * A host whose removed nodes may run on, for nobody could tell them: linked with the others as before, but to the
 * cluster they are gone.
 */
export class HostWithGhosts extends SimulatedHost {
  readonly #ghosts = new Set<string>();
  readonly #keeps: (node: string) => boolean;

  /** `keeps` says whether a node that is removed is to run on. */
  constructor(options: SimulatedHostOptions, keeps: (node: string) => boolean) {
    super(options);
    this.#keeps = keeps;
  }

  override get nodes(): readonly string[] {
    return super.nodes.filter((node) => !this.#ghosts.has(node));
  }

  override get former(): readonly string[] {
    return [...super.former, ...this.#ghosts];
  }

  override async remove(node: string): Promise<void> {
    if (this.#ghosts.has(node)) return;
    if (this.running.includes(node) && this.#keeps(node)) this.#ghosts.add(node);
    else await super.remove(node);
  }

  get ghosts(): readonly string[] {
    return [...this.#ghosts];
  }

  isGhost(node: string): boolean {
    return this.#ghosts.has(node);
  }
}
