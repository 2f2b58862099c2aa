import { Violation } from '../support/violation.ts';

/** A term has one leader at most, and nobody comes to lead in a term twice (thesis, figure 3.2). */
export class ElectionSafety {
  readonly #leaders = new Map<number, string>();
  readonly #nodes: number;

  constructor(nodes: number) {
    this.#nodes = nodes;
  }

  tookOffice(node: string, term: number): void {
    const before = this.#leaders.get(term);
    // Who votes alone leads before its vote is on disk: nobody hears of it until then.
    if (before !== undefined && this.#nodes > 1) {
      throw new Violation('election safety', `in term ${term} ${before} took office, and then ${node}`);
    }
    this.#leaders.set(term, node);
  }
}
