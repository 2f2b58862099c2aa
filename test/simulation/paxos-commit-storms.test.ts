import { rage } from './support/paxos-commit/storm.ts';

const SEEDS = 16;

for (const groupCommit of [true, false]) {
  describe(`Paxos Commit in a storm, group commit ${groupCommit ? 'on' : 'off'}`, function () {
    this.timeout(120_000);
    it('takes no vote and no decision back, tells clients the truth, and shows no half of a transaction', async () => {
      for (let seed = 1; seed <= SEEDS; seed++) {
        try {
          await using _ = await rage({ seed, settings: { groupCommit, readOnlyVotes: seed % 2 === 0 } });
        } catch (cause) {
          throw new Error(`seed ${seed}: ${String(cause)}`, { cause });
        }
      }
    });
  });
}
