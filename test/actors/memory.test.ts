import { expect } from 'chai';
import { type Memory, majorityRemembers } from '../../actors/memory.ts';

describe('a majority that remembers', () => {
  for (let members = 1; members <= 6; members++) {
    for (let lost = 0; lost <= members; lost++) {
      const enough = members - lost > members / 2;
      it(`${enough ? 'is left' : 'is not left'} where ${lost} of ${members} have lost their memory`, () => {
        for (const others of ['kept', 'new'] as const) {
          const memories = Array.from(
            { length: members },
            (_, index): Memory => (index < lost ? 'lost' : others),
          );
          expect(majorityRemembers(memories)).to.equal(enough);
        }
      });
    }
  }
});
