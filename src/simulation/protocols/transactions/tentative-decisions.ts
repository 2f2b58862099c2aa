import type { JournalRecord } from '../../../../machines/two-phase-commit/journal.ts';
import type { TransactionId } from '../../../../machines/two-phase-commit/transaction-id.ts';
import { nodeOfDisk } from '../../watch/disk-watch.ts';
import type { GroupDiskListener } from './group-disks.ts';

/**
 * What followers go by that the leader on their own node has told them. It may rest on what that node has accepted and not
 * yet flushed, and be forgotten with the node before anybody hears of it: it counts when it is on disk.
 */
export class TentativeDecisions implements GroupDiskListener {
  /** By node and group: what is to be looked at then. */
  readonly #waiting = new Map<string, Map<TransactionId, (() => void)[]>>();

  /** A follower of this node was told by the leader beside. */
  toldBeside(node: string, group: TransactionId): void {
    const ofNode = this.#waiting.get(node) ?? new Map<TransactionId, (() => void)[]>();
    this.#waiting.set(node, ofNode);
    ofNode.set(group, []);
  }

  /** Looks at what a follower makes of a decision: now, or when it counts. */
  look(node: string, group: TransactionId, look: () => void): void {
    const waiting = this.#waiting.get(node)?.get(group);
    if (waiting === undefined) look();
    else waiting.push(look);
  }

  recorded(disk: string, { group, kind }: JournalRecord): void {
    if (kind === 'READY') return;
    const ofNode = this.#waiting.get(nodeOfDisk(disk));
    const waiting = ofNode?.get(group) ?? [];
    ofNode?.delete(group);
    for (const look of waiting) look();
  }

  crashed(node: string): void {
    this.#waiting.delete(node);
  }
}
