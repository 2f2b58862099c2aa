import { twoPhaseCommit } from '../../src/simulation/protocols/two-phase-commit/two-phase-commit.ts';
import { SEEK_MS_MAX, seekBug } from './support/seek-bug.ts';
import { TWO_PHASE_BUGS } from './support/two-phase/bugs.ts';

/** Where the rarer ones were found last. */
const LIKELY_SEEDS: Readonly<Record<string, number>> = {
  'who is asked before it has voted answers without a record': 18,
  'a follower that does not know says that it was aborted': 2,
  'the leader locks nothing': 5,
  'a follower forgets what has ended, and that it did': 8,
  'a source sends its records before it has all from before': 83,
  'who learns takes an older value for a newer one': 98,
  'one is taken in while something is under way': 21,
};

describe('the simulation of two-phase commit finds out where', function () {
  this.timeout(SEEK_MS_MAX);
  for (const { what, presume, instrument, faults = {}, settings = {} } of TWO_PHASE_BUGS) {
    it(`${what} (presume ${presume})`, () =>
      seekBug(
        { protocol: twoPhaseCommit, faults, settings: { ...settings, presume }, instruments: [instrument] },
        LIKELY_SEEDS[what],
      ));
  }
});
