import { expect } from 'chai';
import { TWO_PHASE_BUGS } from './support/two-phase/bugs.ts';
import { rage } from './support/two-phase/storm.ts';

/** Storms that a bug may live through. */
const SEEDS = 80;

describe('storms over two-phase commit', function () {
  this.timeout(120_000);
  for (const { what, presume, instrument, joins, settings } of TWO_PHASE_BUGS) {
    it(`find out where ${what} (presume ${presume})`, async () => {
      for (let seed = 1; seed <= SEEDS; seed++) {
        try {
          await using _ = await rage({
            seed,
            joins,
            settings: { ...settings, presume },
            instruments: [instrument],
          });
        } catch (error) {
          if (process.env.SYNOD_VERBOSE !== undefined) console.log(seed, String(error).slice(0, 200));
          return;
        }
      }
      expect.fail(`${SEEDS} storms have not shown it`);
    });
  }
});
