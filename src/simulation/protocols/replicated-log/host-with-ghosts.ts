import { SimulatedHost } from '../../../../actors/simulated/index.ts';

/**
 * Nodes that were removed and run on, for nobody could tell them: linked with the others as before, but to the cluster
 * they are gone.
 */
export class Ghosts {
  readonly #names = new Set<string>();
  readonly #host: SimulatedHost;

  /** `keeps` says whether a node that is removed is to run on. */
  constructor(host: SimulatedHost, keeps: (node: string) => boolean) {
    this.#host = host;
    const remove = host.remove.bind(host);
    host.remove = async (node) => {
      if (this.has(node)) return;
      if (host.running.includes(node) && keeps(node)) this.#names.add(node);
      else await remove(node);
    };
    const former = Object.getOwnPropertyDescriptor(SimulatedHost.prototype, 'former')!.get!;
    const gone = () => [...(former.call(host) as readonly string[]), ...this.#names];
    Object.defineProperty(host, 'former', { get: gone });
    const nodes = Object.getOwnPropertyDescriptor(SimulatedHost.prototype, 'nodes')!.get!;
    const present = () => (nodes.call(host) as readonly string[]).filter((node) => !this.has(node));
    Object.defineProperty(host, 'nodes', { get: present });
  }

  get names(): readonly string[] {
    return [...this.#names];
  }

  has(node: string): boolean {
    return this.#names.has(node);
  }

  async crash(node: string): Promise<void> {
    await this.#host.kill(node);
  }

  async restart(node: string): Promise<void> {
    await this.#host.start([node]);
  }
}
