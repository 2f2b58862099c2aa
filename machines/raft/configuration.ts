import type { Member } from './member.ts';

/**
 * Who decides (thesis, chapter 4). While `nextVoters` is not empty the configuration is joint: it takes a majority
 * of the old voters and one of the new ones to decide (section 4.3). Learners receive the log and have no voice.
 */
export interface Configuration {
  readonly voters: readonly Member[];
  readonly nextVoters: readonly Member[];
  readonly learners: readonly Member[];
}

/** The configuration of a cluster that has just been founded. */
export function foundedBy(voters: readonly string[]): Configuration {
  return { voters, nextVoters: [], learners: [] };
}

/** All that the log is sent to. */
export function membersOf({ voters, nextVoters, learners }: Configuration): Member[] {
  return [...new Set([...voters, ...nextVoters, ...learners])];
}

export function isVoter({ voters, nextVoters }: Configuration, node: string): boolean {
  return voters.includes(node) || nextVoters.includes(node);
}

export function isJoint({ nextVoters }: Configuration): boolean {
  return nextVoters.length > 0;
}

/** Whether those for whom `agrees` holds can decide. */
export function canDecide(configuration: Configuration, agrees: (node: string) => boolean): boolean {
  return agreedValue(configuration, (node) => (agrees(node) ? 1 : 0)) === 1;
}

/** The highest value that enough nodes to decide have reached; 0 when nobody could decide. */
export function agreedValue(
  { voters, nextVoters }: Configuration,
  reachedBy: (node: string) => number,
): number {
  const agreed = majorityValue(voters, reachedBy);
  return nextVoters.length === 0 ? agreed : Math.min(agreed, majorityValue(nextVoters, reachedBy));
}

function majorityValue(nodes: readonly string[], reachedBy: (node: string) => number): number {
  if (nodes.length === 0) return 0;
  const values = nodes.map(reachedBy).sort((a, b) => b - a);
  return values[Math.floor(nodes.length / 2)]!;
}
