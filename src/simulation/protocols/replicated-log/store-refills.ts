import type { StateHeader } from '../../../../machines/replication/state-records.ts';
import { nodeOfDisk } from '../../watch/disk-watch.ts';
import { StateDisks } from './state-disks.ts';

/**
 * Which nodes have lost their stores, and have not everything again. Acceptors and logs let go of what a majority has in
 * its stores: another one may lose its own only when this one has got back what it had.
 */
export class StoreRefills extends StateDisks {
  readonly #missing: Map<string, number>;
  readonly #highest: () => number;

  constructor() {
    const missing = new Map<string, number>();
    let highest = 0;
    const applied = (disk: string, header: StateHeader) => {
      highest = Math.max(highest, header.applied);
      const node = nodeOfDisk(disk);
      if (header.applied >= (missing.get(node) ?? 0)) missing.delete(node);
    };
    super([{ applied }]);
    this.#missing = missing;
    this.#highest = () => highest;
  }

  lost(disk: string): void {
    this.#missing.set(nodeOfDisk(disk), this.#highest());
  }

  isUnderWay(node: string): boolean {
    return (this.#missing.get(node) ?? 0) > 0;
  }
}
