import { expect } from 'chai';
import { Child } from './child.ts';
import { useTemporaryFolder } from './temporary-folder.ts';

describe('kill -9 of the whole process under load', function () {
  this.timeout(120_000);
  const folder = useTemporaryFolder();

  it('loses nothing that was acknowledged, round after round', async () => {
    const acknowledged = new Map<string, number>();
    for (const lines of [40, 200, 1000]) {
      const child = new Child('add-until-killed', folder());
      let added = 0;
      for await (const line of child.lines()) {
        const [node, what, count] = line.split(' ');
        if (what === 'recalls') {
          expect(count, line).to.equal(acknowledged.has(node!) ? 'kept' : 'new');
          continue;
        }
        if (what === 'found') expect(Number(count), line).to.be.at.least(acknowledged.get(node!) ?? 0);
        else added += 1;
        acknowledged.set(node!, Math.max(acknowledged.get(node!) ?? 0, Number(count)));
        if (added === lines) await child.kill();
      }
      expect(added).to.be.at.least(lines);
    }
    expect([...acknowledged.keys()]).to.have.members(['a', 'b', 'c']);
  });
});
