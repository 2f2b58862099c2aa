import { decodeVote } from '../../../../machines/paxos-commit/vote.ts';
import { majorityOf } from '../../../../machines/replication/batch.ts';
import { formatId, type TransactionId } from '../../../../machines/two-phase-commit/transaction-id.ts';
import { Violation } from '../../../../src/simulation/violation.ts';

/** What acceptors have on disk, over all time: nobody proposes two values in a ballot, and no slot has two chosen ones. */
export class InstanceHistory {
  readonly #nodes: number;
  /** Who has accepted, and what, by slot and ballot. */
  readonly #accepted = new Map<string, { readonly value: string; readonly by: Set<string> }>();
  readonly #chosen = new Map<number, { readonly value: string; readonly ballot: string }>();

  lastGroup: TransactionId = 0;

  constructor(nodes: number) {
    this.#nodes = nodes;
  }

  accepted(node: string, slot: number, round: number, leader: string, batch: readonly Uint8Array[]): void {
    const vote = decodeVote(batch);
    if (vote !== undefined) this.lastGroup = Math.max(this.lastGroup, vote.group);
    const value =
      vote === undefined
        ? 'nobody'
        : `${formatId(vote.group)}: ${vote.participants[slot - vote.firstSlot]} ${JSON.stringify(vote.refused)}`;
    const ballot = `${round}.${leader}`;
    const key = `${slot} in ${ballot}`;
    const known = this.#accepted.get(key) ?? { value, by: new Set() };
    this.#accepted.set(key, known);
    if (known.value !== value) {
      throw new Violation(
        'one value a ballot',
        `slot ${key}: ${[...known.by]} ${known.value}, ${node} ${value}`,
      );
    }
    known.by.add(node);
    if (known.by.size < majorityOf(this.#nodes)) return;
    const chosen = this.#chosen.get(slot);
    if (chosen === undefined) this.#chosen.set(slot, { value, ballot });
    else if (chosen.value !== value) {
      throw new Violation(
        'one vote a slot',
        `slot ${slot}: ${chosen.value} in ${chosen.ballot}, ${value} in ${ballot}`,
      );
    }
  }
}
