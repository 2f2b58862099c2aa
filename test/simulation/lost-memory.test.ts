import type { ProtocolName } from '../../src/cluster/protocols.ts';
import { experiment } from './support/experiment.ts';

/** More of them by hand: SYNOD_SEEDS=1000-3000 npx mocha test/simulation/lost-memory.test.ts */
const [FIRST = 1, LAST = 50] = (process.env.SYNOD_SEEDS ?? '1-50').split('-').map(Number);
const SEEDS_A_TEST = 25;
const PROTOCOLS: readonly ProtocolName[] = ['paxos', 'raft'];
const AMNESIAS = {
  crashed: 'that keep all in memory',
  sometimes: 'of which one loses its disk now and then',
};

for (const protocol of PROTOCOLS) {
  for (const [amnesia, which] of Object.entries(AMNESIAS) as [keyof typeof AMNESIAS, string][]) {
    describe(`simulated nodes of ${protocol} ${which}: a cluster under storm stays correct, and recovers`, () => {
      for (let from = FIRST; from <= LAST; from += SEEDS_A_TEST) {
        const to = Math.min(LAST, from + SEEDS_A_TEST - 1);
        it(`seeds ${from} to ${to}`, async function () {
          this.timeout(SEEDS_A_TEST * 5000);
          for (let seed = from; seed <= to; seed++) {
            await experiment({ protocol, seed, stormMs: 800, amnesia }).catch((error: unknown) => {
              throw new Error(`seed ${seed}`, { cause: error });
            });
          }
        });
      }
    });
  }
}
