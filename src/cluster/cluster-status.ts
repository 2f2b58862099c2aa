import type { NodeReport } from './observer.ts';
import type { ProtocolName } from './protocols.ts';

/** A node as the cluster sees it. */
export interface NodeStatus {
  readonly node: number;
  readonly up: boolean;
  readonly leads: boolean;
  /** The position of the log up to which commands are applied; undefined while the node is down or silent. */
  readonly applied: number | undefined;
  /** The same, on disk. */
  readonly durable: number | undefined;
  /** A voter has a say in what is decided; a learner receives it; undefined while no leader is there to say. */
  readonly member: 'voter' | 'learner' | 'none' | undefined;
}

export interface ClusterStatus {
  readonly protocol: ProtocolName;
  /** The node that leads; undefined while none does. */
  readonly leader: number | undefined;
  readonly nodes: readonly NodeStatus[];
  /** Links that are cut. */
  readonly cut: readonly (readonly [number, number])[];
}

/** Of several that think so, the one of the latest reign leads; the others have yet to hear of it. */
export function leaderOf(reports: readonly NodeReport[]): NodeReport | undefined {
  return reports
    .filter(({ leader }) => leader.leads)
    .sort((a, b) => b.leader.term - a.leader.term || (a.node < b.node ? 1 : -1))[0];
}

/** Whether it votes, or learns. */
export function isMember(leader: NodeReport, node: string): boolean {
  return membershipIn(leader, node) !== 'none';
}

/** Where members never change, every node is a voter. */
export function membershipIn(
  { leader: { members } }: NodeReport,
  node: string,
): 'voter' | 'learner' | 'none' {
  if (members === undefined || members.voters.includes(node)) return 'voter';
  return members.learners.includes(node) ? 'learner' : 'none';
}

/** Whether everybody on this side has applied all that was proposed. */
export function isSettled(reports: readonly NodeReport[], side: readonly string[]): boolean {
  const leader = leaderOf(reports);
  if (leader === undefined || leader.leader.open > 0 || leader.leader.pending > 0) return false;
  // One that is not taken in yet, or was given up, is told of nothing.
  const members = side.filter((node) => isMember(leader, node));
  return members.every((member) => {
    const report = reports.find(({ node }) => node === member);
    if (report === undefined || !report.replica.current) return false;
    const isIn = report.leader.hasVote || membershipIn(leader, member) === 'learner';
    return isIn && report.replica.applied === leader.replica.applied;
  });
}
