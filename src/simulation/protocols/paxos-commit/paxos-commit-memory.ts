import type { AcceptorContext } from '../../../../machines/paxos/acceptor-context.ts';
import { watchActions } from '../../watch/instrumented-program.ts';
import { TransactionMemory } from '../transactions/transaction-memory.ts';
import type { OpenTwoPhaseCommit } from '../two-phase-commit/open-two-phase-commit.ts';

/** Looks into the contexts of the roles of Paxos Commit: into those of acceptors, too. */
export class PaxosCommitMemory extends TransactionMemory {
  readonly #acceptors = new Map<string, AcceptorContext>();

  constructor() {
    super(['abandon', 'startScout']);
  }

  override leftovers(): Record<string, number> {
    const found = super.leftovers();
    // What a former leader had proposed beyond all that a later one has used, or heard of, stays until its slot is used.
    const ended = Math.max(...Array.from(this.#acceptors.values(), ({ floor }) => floor));
    for (const [node, { accepted }] of this.#acceptors) {
      const kept = [...accepted.keys()].filter((slot) => slot < ended);
      if (kept.length > 0) found[`${node} accepted`] = kept.length;
    }
    return found;
  }

  protected override watch(program: OpenTwoPhaseCommit): void {
    super.watch(program);
    watchActions(program, 'acceptor', ['promise', 'accept'], ({ context }) =>
      this.#acceptors.set(program.node, context),
    );
  }
}
