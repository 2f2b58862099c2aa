import { expect } from 'chai';
import { PAXOS_COMMIT_BUGS } from './support/paxos-commit/bugs.ts';
import { rage } from './support/paxos-commit/storm.ts';

/** Storms that a bug may live through. */
const SEEDS = 80;

describe('storms over Paxos Commit', function () {
  this.timeout(120_000);
  for (const { what, instrument } of PAXOS_COMMIT_BUGS) {
    it(`find out where ${what}`, async () => {
      for (let seed = 1; seed <= SEEDS; seed++) {
        try {
          await using _ = await rage({ seed, instruments: [instrument] });
        } catch (error) {
          if (process.env.SYNOD_VERBOSE !== undefined) console.log(seed, String(error).slice(0, 200));
          return;
        }
      }
      expect.fail(`${SEEDS} storms have not shown it`);
    });
  }
});
