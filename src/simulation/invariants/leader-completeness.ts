import { type Log, type Position, termAt } from '../../../machines/raft/log.ts';
import { type LogHistory, nameOf } from '../protocols/raft/log-history.ts';
import { Violation } from '../violation.ts';

interface Reign {
  readonly node: string;
  readonly term: number;
  readonly base: Position;
  readonly log: Pick<Log, 'base' | 'entries'>;
}

/** What is committed in a term stands in the log of the leader of every later term (thesis, figure 3.2). */
export class LeaderCompleteness {
  readonly #history: LogHistory;
  readonly #reigns: Reign[] = [];

  constructor(history: LogHistory) {
    this.#history = history;
    history.onCommit((commitment) => {
      for (const reign of this.#reigns) check(reign, commitment);
    });
  }

  tookOffice(node: string, term: number, { base, entries }: Log): void {
    const reign: Reign = { node, term, base, log: { base, entries: [...entries] } };
    this.#reigns.push(reign);
    for (let index = 1; index <= this.#history.commits; index++) {
      check(reign, this.#history.committed(index)!);
    }
  }
}

function check({ node, term, log }: Reign, committed: Position & { readonly inTerm: number }): void {
  if (committed.inTerm >= term || committed.index < log.base.index) return;
  const here = termAt(log as Log, committed.index);
  if (here === committed.term) return;
  throw new Violation(
    'leader completeness',
    `${node} leads in term ${term} and has ${here} where ${nameOf(committed)} is committed`,
  );
}
