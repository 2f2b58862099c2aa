import type { Topology } from './topology.ts';
import type { TransactionReports } from './transaction-observer.ts';

/** A node of two-phase commit as the cluster sees it. */
export interface TransactionNodeStatus {
  readonly node: number;
  readonly up: boolean;
  /** The leader decides; a follower votes; a learner is taught what is committed, and does not vote yet; undefined: not known. */
  readonly role: 'leader' | 'follower' | 'learner' | undefined;
  /** Groups of transactions that are under way here: at the leader, that have not ended; at a follower, that it has not heard the decision of. */
  readonly pending: number | undefined;
  /** Records in its journal. */
  readonly records: number | undefined;
}

export interface TransactionClusterStatus {
  readonly protocol: '2pc';
  readonly leader: number;
  readonly nodes: readonly TransactionNodeStatus[];
  /** Links that are cut. */
  readonly cut: readonly (readonly [number, number])[];
}

export function transactionStatusOf(
  { coordinator, participants }: TransactionReports,
  leader: string,
  topology: Topology,
): TransactionClusterStatus {
  const roleOf = (name: string): TransactionNodeStatus['role'] => {
    if (name === leader) return 'leader';
    if (coordinator?.followers.includes(name)) return 'follower';
    const isMember = participants.get(name)?.isMember;
    if (coordinator === undefined && isMember) return 'follower';
    return isMember === undefined ? undefined : 'learner';
  };
  return {
    protocol: '2pc',
    leader: Number(leader),
    nodes: topology.nodes.map((name) => {
      const participant = participants.get(name);
      const own = name === leader ? coordinator : participant;
      return {
        node: Number(name),
        up: topology.isUp(name),
        role: roleOf(name),
        pending: name === leader ? coordinator?.open.length : participant?.undecided.length,
        records: own?.records,
      };
    }),
    cut: topology.cut.map(([a, b]) => [Number(a), Number(b)]),
  };
}
