import type { Ballot } from '../paxos/ballot.ts';
import { NUMBERS_PER_LIFE } from '../two-phase-commit/transaction-id.ts';

/** Lives that ids can tell apart. */
export const LIVES_MAX = Math.floor(Number.MAX_SAFE_INTEGER / NUMBERS_PER_LIFE);

/** The life of a leader that its ballot begins: no two ballots give the same, and higher ballots give higher ones. @throws RangeError beyond {@link LIVES_MAX}. */
export function lifeOfBallot({ round, leader }: Ballot, nodes: readonly string[]): number {
  // By name, as ballots of one round are ordered.
  const life = round * nodes.length + [...nodes].sort(byName).indexOf(leader);
  if (life >= LIVES_MAX) throw new RangeError(`ballot ${round} is one too many: ids would be given twice`);
  return life;
}

function byName(a: string, b: string): number {
  return a < b ? -1 : 1;
}
