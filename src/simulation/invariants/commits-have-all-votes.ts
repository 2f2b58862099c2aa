import type { JournalRecord } from '../../../machines/two-phase-commit/journal.ts';
import { formatId, type TransactionId } from '../../../machines/two-phase-commit/transaction-id.ts';
import type { GroupDiskListener } from '../protocols/transactions/group-disks.ts';
import { Violation } from '../violation.ts';
import { nodeOfDisk } from '../watch/disk-watch.ts';

const NAME = 'a commit has all votes';

interface Ballot {
  readonly participants: readonly string[];
  /** Places that each who has voted yes refuses. */
  readonly ready: Map<string, readonly number[]>;
}

/** When a COMMIT lands on a disk, each participant has a vote of yes on its own, and none refuses what commits. */
export class CommitsHaveAllVotes implements GroupDiskListener {
  readonly #ballots = new Map<TransactionId, Ballot>();

  recorded(disk: string, { group, kind, participants, refused }: JournalRecord): void {
    if (kind === 'READY') {
      const ballot = this.#ballots.get(group) ?? { participants, ready: new Map() };
      this.#ballots.set(group, ballot);
      ballot.ready.set(nodeOfDisk(disk), refused);
    } else if (kind === 'COMMIT') this.#check(disk, group, refused);
  }

  #check(disk: string, group: TransactionId, refused: readonly number[]): void {
    const { participants = [], ready } = this.#ballots.get(group) ?? {};
    const what = `${disk} commits ${formatId(group)}`;
    if (ready === undefined) throw new Violation(NAME, `${what}, which nobody has voted for`);
    for (const node of participants) {
      const objections = ready.get(node);
      if (objections === undefined) throw new Violation(NAME, `${what}, and ${node} has no vote on its disk`);
      const place = objections.find((objection) => !refused.includes(objection));
      if (place !== undefined)
        throw new Violation(NAME, `${what}, and ${node} has refused the transaction at ${place}`);
    }
  }
}
