import { experiment } from '../../src/simulation/experiment.ts';
import type { Strengths } from '../../src/simulation/faults/index.ts';
import { SIMULATED_PROTOCOLS } from '../../src/simulation/protocols/index.ts';

/** More of them by hand: SYNOD_SEEDS=1000-3000 npx mocha test/simulation/lost-memory.test.ts */
const [FIRST = 1, LAST = 50] = (process.env.SYNOD_SEEDS ?? '1-50').split('-').map(Number);
const SEEDS_A_TEST = 25;
const LOSSES: Readonly<Record<string, Strengths>> = {
  'that keep all in memory': { volatile: 1 },
  'of which one loses its disk now and then': { amnesia: 3 },
};

for (const protocol of [SIMULATED_PROTOCOLS.paxos, SIMULATED_PROTOCOLS.raft]) {
  for (const [which, faults] of Object.entries(LOSSES)) {
    describe(`simulated nodes of ${protocol.name} ${which}: a cluster under storm stays correct, and recovers`, () => {
      for (let from = FIRST; from <= LAST; from += SEEDS_A_TEST) {
        const to = Math.min(LAST, from + SEEDS_A_TEST - 1);
        it(`seeds ${from} to ${to}`, async function () {
          this.timeout(SEEDS_A_TEST * 5000);
          for (let seed = from; seed <= to; seed++) {
            await experiment({ protocol, seed, stormMs: 800, faults }).catch((error: unknown) => {
              throw new Error(`seed ${seed}`, { cause: error });
            });
          }
        });
      }
    });
  }
}
