import { unpackGroup } from '../../../machines/two-phase-commit/group.ts';
import type { JournalRecord } from '../../../machines/two-phase-commit/journal.ts';
import { keysOfAll } from '../../../machines/two-phase-commit/key-holders.ts';
import { formatId, type TransactionId } from '../../../machines/two-phase-commit/transaction-id.ts';
import type { GroupDiskListener } from '../protocols/transactions/group-disks.ts';
import { Violation } from '../violation.ts';
import { nodeOfDisk } from '../watch/disk-watch.ts';

const NAME = 'ready keys are locked';

type Keys = ReturnType<typeof keysOfAll>;

/**
 * A follower that has voted yes, and does not know the decision, gives the keys of that group to nobody: it votes yes on
 * nothing that needs them, and shows none that the group writes.
 */
export class ReadyKeysAreLocked implements GroupDiskListener {
  /** Groups that a disk has voted for, and has no decision of. */
  readonly #ready = new Map<string, Map<TransactionId, Keys>>();
  /** Groups whose decision a node knows that is not on its disk yet. */
  readonly #known = new Map<string, Set<TransactionId>>();

  recorded(disk: string, { group, kind, transactions }: JournalRecord): void {
    if (kind === 'READY') this.#voted(nodeOfDisk(disk), group, keysOfAll(unpackGroup(transactions)));
    else this.#ready.get(nodeOfDisk(disk))?.delete(group);
  }

  removed(disk: string, { group, kind }: JournalRecord): void {
    if (kind === 'READY') this.#ready.get(nodeOfDisk(disk))?.delete(group);
  }

  lost(disk: string): void {
    this.#ready.delete(nodeOfDisk(disk));
  }

  /** A follower has learned how a group ends. */
  learned(node: string, group: TransactionId): void {
    const known = this.#known.get(node) ?? new Set();
    this.#known.set(node, known.add(group));
  }

  /** What a node had learned, and not recorded, it has forgotten. */
  crashed(node: string): void {
    this.#known.delete(node);
  }

  /** A follower shows what some keys have. */
  shown(node: string, keys: Iterable<string>): void {
    for (const key of keys) {
      for (const [group, { exclusive }] of this.#ready.get(node) ?? []) {
        if (exclusive.has(key) && this.#known.get(node)?.has(group) !== true)
          throw new Violation(NAME, `${node} shows "${key}", and is ready to write it in ${formatId(group)}`);
      }
    }
  }

  #voted(node: string, group: TransactionId, keys: Keys): void {
    const ready = this.#ready.get(node) ?? new Map<TransactionId, Keys>();
    this.#ready.set(node, ready);
    for (const [other, { shared, exclusive }] of ready) {
      if (other === group) continue;
      const key = [...keys.exclusive].find((each) => shared.has(each) || exclusive.has(each));
      const read = key ?? [...keys.shared].find((each) => exclusive.has(each));
      if (read !== undefined)
        throw new Violation(
          NAME,
          `${node} is ready for ${formatId(other)} and for ${formatId(group)}, both on "${read}"`,
        );
    }
    ready.set(group, keys);
  }
}
