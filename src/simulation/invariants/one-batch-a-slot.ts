import type { Ballot } from '../../../machines/paxos/ballot.ts';
import type { Slot } from '../../../machines/paxos/pvalue.ts';
import { type Batch, majorityOf } from '../../../machines/replication/batch.ts';
import type { AcceptorDiskListener, Lives } from '../protocols/paxos/acceptor-disks.ts';
import { Violation } from '../violation.ts';
import { identityOf, nodeOfDisk } from '../watch/disk-watch.ts';

const NAME = 'one batch a slot';

interface Vote extends Lives {
  readonly node: string;
}

interface Pvalue {
  readonly batch: string;
  readonly votes: Vote[];
}

/**
 * Agreement. A batch is chosen when a majority of the acceptors has accepted it on disk in one ballot, none of them in a
 * life that was over as far as any other of them knew: then never another one.
 * What a replica applies is chosen, or lacks the vote of the acceptor beside it alone, which is on its way to the
 * disk: nobody else hears of it before it is there. Should the node crash first, nothing was applied.
 */
export class OneBatchASlot implements AcceptorDiskListener {
  readonly #majority: number;
  readonly #pvalues = new Map<Slot, Map<string, Pvalue>>();
  readonly #chosen = new Map<Slot, string>();
  /** What nodes have applied ahead of the disk, by slot and node. */
  readonly #early = new Map<Slot, Map<string, string>>();

  constructor(nodes: number) {
    this.#majority = majorityOf(nodes);
  }

  /** How many slots are chosen. */
  get slots(): number {
    return this.#chosen.size;
  }

  accepted(disk: string, { round, leader }: Ballot, slot: Slot, batch: Batch, lives: Lives): void {
    const pvalues = this.#pvalues.get(slot) ?? new Map<string, Pvalue>();
    this.#pvalues.set(slot, pvalues);
    const ballot = `${round}.${leader}`;
    const identity = identityOf(batch);
    const pvalue: Pvalue = pvalues.get(ballot) ?? { batch: identity, votes: [] };
    pvalues.set(ballot, pvalue);
    if (pvalue.batch !== identity) {
      throw new Violation(
        NAME,
        `slot ${slot}: in ${ballot} both ${pvalue.batch} and ${identity} are accepted`,
      );
    }
    pvalue.votes.push({ node: nodeOfDisk(disk), ...lives });
    if (areChoosing(pvalue.votes, this.#majority)) this.#choose(slot, identity);
  }

  /** A replica applies a batch. */
  apply(node: string, slot: Slot, batch: Batch): void {
    const identity = identityOf(batch);
    const chosen = this.#chosen.get(slot);
    if (chosen !== undefined) {
      if (chosen !== identity)
        throw new Violation(NAME, `${node} applies ${identity} in slot ${slot}, chosen is ${chosen}`);
      return;
    }
    const isNearlyChosen = [...(this.#pvalues.get(slot)?.values() ?? [])].some(({ batch: other, votes }) => {
      if (other !== identity || votes.some((vote) => vote.node === node)) return false;
      return areChoosing(votes, this.#majority - 1);
    });
    if (!isNearlyChosen && this.#majority > 1) {
      throw new Violation(
        NAME,
        `${node} applies ${identity} in slot ${slot}, which no majority has accepted`,
      );
    }
    const early = this.#early.get(slot) ?? new Map<string, string>();
    this.#early.set(slot, early.set(node, identity));
  }

  /** A node has crashed: what it had applied ahead of its disk never happened. */
  crashed(node: string): void {
    for (const early of this.#early.values()) early.delete(node);
  }

  #choose(slot: Slot, identity: string): void {
    const before = this.#chosen.get(slot) ?? identity;
    if (before !== identity) throw new Violation(NAME, `slot ${slot}: ${before} is chosen, then ${identity}`);
    this.#chosen.set(slot, identity);
    for (const [node, early] of this.#early.get(slot) ?? []) {
      if (early !== identity)
        throw new Violation(NAME, `${node} applied ${early} in slot ${slot}, chosen is ${identity}`);
    }
    this.#early.delete(slot);
  }
}

/** Whether so many of the votes, by as many nodes, count together. */
function areChoosing(votes: readonly Vote[], count: number, chosen: readonly Vote[] = []): boolean {
  if (chosen.length === count) return true;
  return votes.some((vote, place) => {
    const countTogether = chosen.every(
      (other) => other.node !== vote.node && !isOver(vote, other) && !isOver(other, vote),
    );
    return countTogether && areChoosing(votes.slice(place + 1), count, [...chosen, vote]);
  });
}

/** Whether a vote is of a life that was over, as far as who gave another one knew. */
function isOver({ node, life }: Vote, { others }: Vote): boolean {
  return life < (others.get(node) ?? 0);
}
