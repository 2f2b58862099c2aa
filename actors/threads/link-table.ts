import type { LinkDirection } from '../host.ts';

/** Both directions of a node's link with a peer, or with clients, as the node sees them. */
export interface PeerLink {
  readonly peer: string;
  readonly outbound: LinkDirection;
  readonly inbound: LinkDirection;
}

export const WHOLE: LinkDirection = { connected: true, lossProbability: 0, delayMs: 0 };

/** How the links are, each direction for itself. All that nothing was said of are whole. */
export class LinkTable {
  readonly #broken = new Map<string, LinkDirection>();

  change(from: string, to: string, changes: Partial<LinkDirection>): void {
    const direction = { ...this.direction(from, to), ...changes };
    const isWhole = direction.connected && direction.lossProbability === 0 && direction.delayMs === 0;
    if (isWhole) this.#broken.delete(keyOf(from, to));
    else this.#broken.set(keyOf(from, to), direction);
  }

  direction(from: string, to: string): LinkDirection {
    return this.#broken.get(keyOf(from, to)) ?? WHOLE;
  }

  /** The link of a node with a peer. */
  link(node: string, peer: string): PeerLink {
    return { peer, outbound: this.direction(node, peer), inbound: this.direction(peer, node) };
  }

  /** The links of a node are whole: one of its name that comes later is another. */
  forget(node: string): void {
    for (const key of [...this.#broken.keys()]) if (key.split('/').includes(node)) this.#broken.delete(key);
  }
}

/** No name has a slash. */
function keyOf(from: string, to: string): string {
  return `${from}/${to}`;
}
