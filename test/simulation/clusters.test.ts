import { experiment } from '../../src/simulation/experiment.ts';
import { SIMULATED_PROTOCOLS } from '../../src/simulation/protocols/index.ts';

/** More of them by hand: SYNOD_SEEDS=1000-3000 npx mocha test/simulation/clusters.test.ts */
const [FIRST = 1, LAST = 100] = (process.env.SYNOD_SEEDS ?? '1-100').split('-').map(Number);
const SEEDS_A_TEST = 25;

for (const protocol of Object.values(SIMULATED_PROTOCOLS)) {
  describe(`a simulated cluster of ${protocol.name} under storm stays correct, and recovers`, () => {
    for (let from = FIRST; from <= LAST; from += SEEDS_A_TEST) {
      const to = Math.min(LAST, from + SEEDS_A_TEST - 1);
      it(`seeds ${from} to ${to}`, async function () {
        this.timeout(SEEDS_A_TEST * 5000);
        for (let seed = from; seed <= to; seed++) {
          await experiment({ protocol, seed, stormMs: 800 }).catch((error: unknown) => {
            throw new Error(`seed ${seed}`, { cause: error });
          });
        }
      });
    }
  });
}
