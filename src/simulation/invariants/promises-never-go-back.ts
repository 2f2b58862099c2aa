import { type Ballot, compareBallots } from '../../../machines/paxos/ballot.ts';
import type { AcceptorDiskListener } from '../protocols/paxos/acceptor-disks.ts';
import { Violation } from '../violation.ts';

/** What an acceptor has promised on disk only rises, through all its lives; it accepts nothing above (PMMC, invariant A1). */
export class PromisesNeverGoBack implements AcceptorDiskListener {
  readonly #promised = new Map<string, Ballot>();

  promised(node: string, ballot: Ballot): void {
    const before = this.#promised.get(node);
    if (before !== undefined && compareBallots(ballot, before) < 0) {
      throw new Violation('promises never go back', `${node}: ${name(before)}, then ${name(ballot)}`);
    }
    this.#promised.set(node, ballot);
  }

  accepted(node: string, ballot: Ballot): void {
    const promised = this.#promised.get(node);
    // Both records of one turn land together, the promise first.
    if (promised === undefined || compareBallots(ballot, promised) !== 0) {
      const what = `${node} accepts in ${name(ballot)}, promised is ${promised && name(promised)}`;
      throw new Violation('promises never go back', what);
    }
  }
}

function name({ round, leader }: Ballot): string {
  return `${round}.${leader}`;
}
