import { paxosCommit } from '../../src/simulation/protocols/paxos-commit/paxos-commit.ts';
import { PAXOS_COMMIT_BUGS } from './support/paxos-commit/bugs.ts';
import { SEEK_MS_MAX, seekBug } from './support/seek-bug.ts';

/** Where the rarer ones were found last. */
const LIKELY_SEEDS: Readonly<Record<string, number>> = {
  'a vote that is missing is put down as a no in the ballot that was handed out': 4,
  'a new leader fills none of the slots that were handed out before': 28,
};

describe('the simulation of Paxos Commit finds out where', function () {
  this.timeout(SEEK_MS_MAX);
  for (const { what, instrument } of PAXOS_COMMIT_BUGS)
    it(what, () => seekBug({ protocol: paxosCommit, instruments: [instrument] }, LIKELY_SEEDS[what]));
});
