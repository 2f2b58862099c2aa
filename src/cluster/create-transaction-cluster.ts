import { twoPhaseCommitProgram } from '../../machines/two-phase-commit/program.ts';
import type { TwoPhaseCommitSettings } from '../../machines/two-phase-commit/settings.ts';
import type { ClusterEvents } from './node-group.ts';
import { checkNodeCount, type StorageOptions, startOnThreads } from './start-on-threads.ts';
import { TransactionCluster } from './transaction-cluster.ts';

/** What a cluster of two-phase commit is to be. */
export interface CreateTransactionClusterOptions extends ClusterEvents, StorageOptions {
  readonly protocol: '2pc';
  /** How many nodes: the leader, which is node 0, and its followers, one at least. */
  readonly nodes: number;
  /** Presumption, optimisations, bounds and times, where they are to differ from the defaults. */
  readonly settings?: Partial<TwoPhaseCommitSettings>;
}

/** The leader and a follower. */
export const TRANSACTION_NODES_MIN = 2;

export async function createTransactionCluster(
  options: CreateTransactionClusterOptions,
): Promise<TransactionCluster> {
  const { protocol, nodes, settings, onNodeEnded, onWarning, ...storage } = options;
  checkNodeCount(nodes, TRANSACTION_NODES_MIN);
  const names = Array.from({ length: nodes }, (_, node) => String(node));
  const program = twoPhaseCommitProgram({ nodes: names, ...(settings === undefined ? {} : { settings }) });
  const events = { onNodeEnded, onWarning };
  return startOnThreads(
    { protocol, nodes: names, program, damaged: 'refuse', events, storage },
    (host, told, afterwards) => new TransactionCluster(host, told, afterwards),
  );
}
