import type { Ballot } from '../../../machines/paxos/ballot.ts';
import type { Slot } from '../../../machines/paxos/pvalue.ts';
import { decodeVote, type Vote } from '../../../machines/paxos-commit/vote.ts';
import { type Batch, majorityOf } from '../../../machines/replication/batch.ts';
import type { JournalRecord } from '../../../machines/two-phase-commit/journal.ts';
import { formatId, type TransactionId } from '../../../machines/two-phase-commit/transaction-id.ts';
import type { AcceptorDiskListener } from '../protocols/paxos/acceptor-disks.ts';
import type { GroupDiskListener } from '../protocols/transactions/group-disks.ts';
import { Violation } from '../violation.ts';
import { nodeOfDisk } from '../watch/disk-watch.ts';

interface Proposal {
  readonly value: string;
  readonly by: Set<string>;
}

interface ChosenVote extends Vote {
  /** Of this participant. */
  readonly node: string;
}

/**
 * Paxos Commit. Agreement in each instance, by what acceptors have on disk over all time: nobody proposes two values in a
 * ballot, and no slot has two chosen ones. And a group commits, at a follower or as a client hears, only when the votes of
 * all participants are chosen, and say so.
 */
export class VotesAreChosen implements AcceptorDiskListener, GroupDiskListener {
  readonly #majority: number;
  readonly #proposals = new Map<string, Proposal>();
  readonly #chosen = new Map<Slot, { readonly value: string; readonly ballot: string }>();
  /** The chosen votes, by group and participant. */
  readonly #votes = new Map<TransactionId, Map<string, ChosenVote>>();
  readonly #groups = new Map<TransactionId, TransactionId>();
  /** The group of the highest id that anybody has voted on. */
  lastGroup: TransactionId = 0;

  constructor(nodes: number) {
    this.#majority = majorityOf(nodes);
  }

  /** How many slots are chosen. */
  get slots(): number {
    return this.#chosen.size;
  }

  accepted(disk: string, { round, leader }: Ballot, slot: Slot, batch: Batch): void {
    const vote = chosenVote(slot, batch);
    const value = vote === undefined ? 'nobody' : describe(vote);
    if (vote !== undefined) this.lastGroup = Math.max(this.lastGroup, vote.group);
    const ballot = `${round}.${leader}`;
    const key = `${slot} in ${ballot}`;
    const known: Proposal = this.#proposals.get(key) ?? { value, by: new Set() };
    this.#proposals.set(key, known);
    if (known.value !== value) {
      const what = `slot ${key}: ${[...known.by]} ${known.value}, ${disk} ${value}`;
      throw new Violation('one value a ballot', what);
    }
    known.by.add(nodeOfDisk(disk));
    if (known.by.size >= this.#majority) this.#choose(slot, ballot, value, vote);
  }

  recorded(disk: string, { group, kind, refused }: JournalRecord): void {
    if (kind !== 'COMMIT') return;
    this.#checkCommit(`${disk} commits ${formatId(group)}`, group);
    const refusing = [...this.#votes.get(group)!.values()].find((vote) =>
      vote.refused.some(([place]) => !refused.includes(place)),
    );
    if (refusing !== undefined)
      throw new Violation('votes are chosen', `${disk} commits what ${describe(refusing)} refuses`);
  }

  /** A client has heard that a transaction that writes is committed. */
  told(id: TransactionId): void {
    const group = this.#groups.get(id);
    const what = `${formatId(id)} is committed, as its client heard`;
    if (group === undefined) throw new Violation('votes are chosen', `${what}, and no vote on it is`);
    this.#checkCommit(what, group);
  }

  #checkCommit(what: string, group: TransactionId): void {
    const votes = this.#votes.get(group) ?? new Map<string, ChosenVote>();
    const [{ participants } = { participants: ['anybody'] }] = votes.values();
    const missing = participants.find((node) => !votes.has(node));
    if (missing !== undefined)
      throw new Violation('votes are chosen', `${what}, and the vote of ${missing} is not`);
  }

  #choose(slot: Slot, ballot: string, value: string, vote: ChosenVote | undefined): void {
    const chosen = this.#chosen.get(slot);
    if (chosen !== undefined && chosen.value !== value) {
      const what = `slot ${slot}: ${chosen.value} in ${chosen.ballot}, ${value} in ${ballot}`;
      throw new Violation('one vote a slot', what);
    }
    this.#chosen.set(slot, { value, ballot });
    if (vote === undefined) return;
    const { group, count, node } = vote;
    const votes = this.#votes.get(group) ?? new Map<string, ChosenVote>();
    this.#votes.set(group, votes.set(node, vote));
    for (let place = 0; place < count; place++) this.#groups.set(group + place, group);
  }
}

function chosenVote(slot: Slot, batch: Batch): ChosenVote | undefined {
  const vote = decodeVote(batch);
  return vote && { ...vote, node: vote.participants[slot - vote.firstSlot]! };
}

function describe({ group, node, refused }: ChosenVote): string {
  return `${formatId(group)}: ${node} ${JSON.stringify(refused)}`;
}
