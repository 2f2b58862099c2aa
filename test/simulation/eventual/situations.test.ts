import { expect } from 'chai';
import { World } from './world.ts';

describe('the eventually consistent store', () => {
  it('answers what was put on the same server', async () => {
    await using world = await World.start({ servers: [0, 1] });
    const client = world.client('a', 0);
    await client.put('k', 'v');
    expect(await client.get('k')).to.deep.equal({ value: 'v' });
    expect(await client.get('other')).to.deep.equal({ value: undefined });
  });

  it('brings every write to all', async () => {
    await using world = await World.start({ servers: [0, 1, 2] });
    const clients = [0, 1, 2].map((server) => world.client(`c${server}`, server));
    for (const client of clients) await client.put(`k${client.server}`, `v${client.server}`);
    await world.stabilize();
    for (const server of world.servers)
      expect(await world.dump(server)).to.deep.equal({ k0: 'v0', k1: 'v1', k2: 'v2' });
    expect(world.warnings).to.deep.equal([]);
  });
});
