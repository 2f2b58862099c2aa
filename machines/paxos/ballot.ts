/** A ballot number: unique, for no two leaders share a name, and totally ordered (PMMC, section 2.2). */
export interface Ballot {
  readonly round: number;
  /** The node whose leader owns the ballot; empty for the ballot below all others. */
  readonly leader: string;
}

/** Below every ballot that a leader can own. */
export const LOWEST_BALLOT: Ballot = { round: 0, leader: '' };

/** Negative, zero or positive as `a` is below, the same as, or above `b`: rounds first, then names. */
export function compareBallots(a: Ballot, b: Ballot): number {
  if (a.round !== b.round) return a.round - b.round;
  if (a.leader === b.leader) return 0;
  return a.leader < b.leader ? -1 : 1;
}

export function highestBallot(a: Ballot, b: Ballot): Ballot {
  return compareBallots(a, b) >= 0 ? a : b;
}

/** The ballot with which `leader` outranks every ballot up to `seen`. */
export function ballotAbove(seen: Ballot, leader: string): Ballot {
  return { round: seen.round + 1, leader };
}
