import { expect } from 'chai';
import { experiment } from './support/experiment.ts';
import { PLANTED_BUGS } from './support/planted-bugs.ts';

const SEEDS_MAX = 150;

describe('the simulation finds a planted bug', () => {
  for (const [bug, instrument] of Object.entries(PLANTED_BUGS)) {
    it(bug, async function () {
      this.timeout(120_000);
      let found: unknown;
      let seed = 0;
      while (found === undefined && seed < SEEDS_MAX) {
        seed += 1;
        await experiment({ seed, nodes: 3, stormMs: 800, instruments: [instrument] }).catch(
          (error: unknown) => {
            found = error;
          },
        );
      }
      expect(found, `in ${SEEDS_MAX} seeds`).to.be.instanceOf(Error);
      if (process.env['SYNOD_VERBOSE'] !== undefined) console.log(seed, String(found).slice(0, 300));
    });
  }
});
