import type { LinkEndpoint, NodeGroup } from '../../../src/cluster/node-group.ts';
import { describeStrike, type PlannedStrike, type Strike } from './strikes.ts';

/** Breaks and mends a cluster on threads as it was planned, in real time. */
export class Nemesis {
  readonly #cluster: NodeGroup;
  readonly #plan: readonly PlannedStrike[];
  /** What was begun and may still be under way: a node that starts slowly holds nothing up. */
  readonly #underWay: Promise<unknown>[] = [];
  #struck = 0;

  constructor(cluster: NodeGroup, plan: readonly PlannedStrike[]) {
    this.#cluster = cluster;
    this.#plan = plan;
  }

  /** What has struck so far. */
  get report(): string {
    return this.#plan.slice(0, this.#struck).map(describeStrike).join('\n');
  }

  /** Strikes; all that was broken is mended when this resolves. Rejects when a node cannot be started. */
  async run(): Promise<void> {
    const beganMs = performance.now();
    for (const { atMs, strike } of this.#plan) {
      await sleep(beganMs + atMs - performance.now());
      this.#struck += 1;
      this.#perform(strike);
    }
    await Promise.all(this.#underWay);
    await this.#mend();
  }

  #perform(strike: Strike): void {
    const cluster = this.#cluster;
    switch (strike.kind) {
      case 'crash':
        for (const node of strike.nodes) this.#begin(cluster.crash(node));
        return;
      case 'restart':
        for (const node of strike.nodes) this.#begin(cluster.restart(node));
        return;
      case 'cut':
        for (const [from, to] of strike.directions)
          this.#begin(cluster.disconnect(from, to, { oneWay: true }));
        return;
      case 'mend':
        for (const [from, to] of strike.directions) this.#begin(cluster.connect(from, to, { oneWay: true }));
        return;
      case 'degrade': {
        const { directions, lossProbability, delayMs } = strike;
        for (const [from, to] of directions)
          this.#begin(cluster.degrade(from, to, { lossProbability, delayMs, oneWay: true }));
      }
    }
  }

  #begin(work: Promise<void>): void {
    // Its failure is seen at the end.
    work.catch(() => {});
    this.#underWay.push(work);
  }

  /** Where episodes overlap, one may have broken what another mended. */
  async #mend(): Promise<void> {
    const cluster = this.#cluster;
    const ends: readonly LinkEndpoint[] = ['clients', ...cluster.nodes];
    for (const [place, a] of ends.entries()) {
      for (const b of ends.slice(place + 1)) {
        await cluster.connect(a, b);
        await cluster.degrade(a, b, {});
      }
    }
    for (const node of cluster.nodes) await cluster.restart(node);
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
