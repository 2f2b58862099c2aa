import { expect } from 'chai';
import { checkSerializability } from '../../src/checks/index.ts';
import { stormOverClients } from './support/two-phase/client-storm.ts';

describe('what clients of two-phase commit see of storms', function () {
  this.timeout(120_000);

  for (const seed of [1, 2, 3, 4]) {
    it(`is strictly serializable, and all followers agree: seed ${seed}`, async () => {
      const { history, endings } = await stormOverClients(seed);
      const { verdict, violations } = checkSerializability(history, { realTime: true });
      expect(violations).to.deep.equal([]);
      expect(verdict).to.equal('ok');
      // A storm in which nothing happens, or in which nothing goes wrong, would show nothing.
      expect(endings.get('ok') ?? 0).to.be.above(50);
      expect((endings.get('fail') ?? 0) + (endings.get('info') ?? 0)).to.be.above(10);
    });
  }
});
