import type { ProgramReference } from '../../actors/program.ts';
import { paxosCommitProgram } from '../../machines/paxos-commit/program.ts';
import { twoPhaseCommitProgram } from '../../machines/two-phase-commit/program.ts';
import type { TwoPhaseCommitSettings } from '../../machines/two-phase-commit/settings.ts';
import { BadOptionError } from '../errors.ts';
import type { ClusterEvents } from './node-group.ts';
import { checkNodeCount, startOnThreads, type ThreadOptions } from './start-on-threads.ts';
import { type CoordinatorKind, TransactionCluster } from './transaction-cluster.ts';

/** What a cluster of two-phase commit is to be. */
export interface CreateTransactionClusterOptions extends ClusterEvents, ThreadOptions {
  readonly protocol: '2pc';
  /** How many nodes: the leader, which is node 0, and its followers, one at least. */
  readonly nodes: number;
  /**
   * Who decides: `single`, the default, is node 0, and while it is down nothing is decided. `replicated`: whichever node
   * leads, by Paxos Commit; then no single failure blocks. The followers are the same; they stay as they are founded.
   */
  readonly coordinator?: CoordinatorKind;
  /** Presumption, optimisations, bounds and times, where they are to differ from the defaults. */
  readonly settings?: Partial<TwoPhaseCommitSettings>;
}

/** The leader and a follower. */
export const TRANSACTION_NODES_MIN = 2;

export async function createTransactionCluster(
  options: CreateTransactionClusterOptions,
): Promise<TransactionCluster> {
  const { protocol, nodes, coordinator = 'single', settings, onNodeEnded, onWarning, ...threads } = options;
  checkNodeCount(nodes, TRANSACTION_NODES_MIN);
  const names = Array.from({ length: nodes }, (_, node) => String(node));
  const program = transactionProgram(coordinator, names, settings);
  const events = { onNodeEnded, onWarning };
  // What one of the two has on disk the other must not go on with.
  const identity = coordinator === 'replicated' ? `${protocol}, replicated` : protocol;
  return startOnThreads(
    { protocol: identity, nodes: names, program, damaged: 'refuse', events, threads },
    (host, told, afterwards) => new TransactionCluster(host, told, afterwards, coordinator),
  );
}

/** What its nodes run. @throws BadOptionError. */
export function transactionProgram(
  coordinator: CoordinatorKind,
  nodes: readonly string[],
  settings: Partial<TwoPhaseCommitSettings> = {},
): ProgramReference {
  switch (coordinator) {
    case 'single':
      return twoPhaseCommitProgram({ nodes, settings });
    case 'replicated': {
      const { presume = 'abort', ...others } = settings;
      if (presume !== 'abort') {
        throw new BadOptionError(
          'settings.presume',
          presume,
          "'abort', or nothing, with a replicated coordinator",
        );
      }
      return paxosCommitProgram({ nodes, settings: others });
    }
    default:
      throw new BadOptionError('coordinator', coordinator satisfies never, "'single' or 'replicated'");
  }
}
