import { PRESUMPTIONS } from '../../machines/two-phase-commit/settings.ts';
import { rage } from './support/two-phase/storm.ts';

const SEEDS = 12;

for (const presume of PRESUMPTIONS) {
  for (const groupCommit of [true, false]) {
    describe(`two-phase commit in a storm, presume ${presume}, group commit ${groupCommit ? 'on' : 'off'}`, function () {
      this.timeout(120_000);
      it('takes no decision back, tells clients the truth, and shows no half of a transaction', async () => {
        for (let seed = 1; seed <= SEEDS; seed++) {
          try {
            await using _ = await rage({
              seed,
              settings: { presume, groupCommit, readOnlyVotes: seed % 2 === 0 },
            });
          } catch (cause) {
            throw new Error(`seed ${seed}: ${String(cause)}`, { cause });
          }
        }
      });

      it('does so while followers come, and lose their memory', async () => {
        for (let seed = 1; seed <= SEEDS; seed++) {
          try {
            await using _ = await rage({ seed, joins: true, settings: { presume, groupCommit } });
          } catch (cause) {
            throw new Error(`seed ${seed}: ${String(cause)}`, { cause });
          }
        }
      });
    });
  }
}
