import { type Configuration, canDecide } from '../../../machines/raft/configuration.ts';
import { nodeOfMember } from '../../../machines/raft/member.ts';
import { Violation } from '../violation.ts';

interface Reign {
  readonly node: string;
  readonly isAlone: boolean;
}

/** A term has one leader at most, and nobody comes to lead in a term twice (thesis, figure 3.2). */
export class ElectionSafety {
  readonly #leaders = new Map<number, Reign>();

  /** `configuration` is in force at the node that comes to lead. */
  tookOffice(node: string, term: number, configuration: Configuration): void {
    const before = this.#leaders.get(term);
    const isAlone = canDecide(configuration, (voter) => nodeOfMember(voter) === node);
    // Who votes alone leads before its vote is on disk: nobody hears of it until then.
    const isAgain = before?.node === node && before.isAlone && isAlone;
    if (before !== undefined && !isAgain) {
      throw new Violation('election safety', `in term ${term} ${before.node} took office, and then ${node}`);
    }
    this.#leaders.set(term, { node, isAlone });
  }
}
