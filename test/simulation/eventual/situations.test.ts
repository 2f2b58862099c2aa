import { expect } from 'chai';
import type { Message } from '../../../actors/envelope.ts';
import type { TraceRecord } from '../../../actors/simulated/index.ts';
import { NoAnswer, World } from './world.ts';

const CHAIN = [
  [0, 1],
  [1, 2],
  [2, 3],
  [3, 4],
] as const;
const TREE = [
  [0, 1],
  [0, 2],
  [1, 3],
  [1, 4],
] as const;
const FIVE = [0, 1, 2, 3, 4];

/** Every server has these, and nothing else. */
async function expectEverywhere(world: World, values: Record<string, unknown>): Promise<void> {
  for (const server of world.running) expect(await world.dump(server), `${server}`).to.deep.equal(values);
}

describe('the eventually consistent store', () => {
  it('answers what was put on the same server, and that there is no such key', async () => {
    await using world = await World.start({ servers: [0, 1] });
    const client = world.client('a', 0);
    await client.put('k', 'v');
    expect(await client.get('k')).to.deep.equal({ value: 'v' });
    expect(await client.get('other')).to.deep.equal({ value: undefined });
    await client.delete('k');
    expect(await client.get('k')).to.deep.equal({ value: undefined });
  });

  for (const [name, links] of [
    ['a mesh', undefined],
    ['a chain', CHAIN],
    ['a tree', TREE],
  ] as const) {
    it(`brings every write to all over ${name}, soon`, async () => {
      await using world = await World.start({ servers: FIVE, ...(links === undefined ? {} : { links }) });
      const expected: Record<string, unknown> = {};
      for (let round = 0; round < 4; round++) {
        for (const server of FIVE) {
          const key = `k${server}.${round}`;
          await world.client(key, server).put(key, server);
          expected[key] = server;
        }
      }
      expect(await world.stabilize()).to.be.below(1500);
      await expectEverywhere(world, expected);
      const quick = world.client('quick', 0);
      await quick.put('last', 1);
      expect(await world.stabilize(), 'once the ways are known').to.be.below(100);
    });
  }

  it('goes another way when a link is cut', async () => {
    await using world = await World.start({ servers: [0, 1, 2] });
    await world.stabilize();
    await world.link(0, 2, false);
    await world.run(500);
    expect((await world.status(0)).nextHops).to.deep.equal([1, 1]);
    await world.client('a', 0).put('k', 'v');
    expect(await world.stabilize()).to.be.below(100);
    await expectEverywhere(world, { k: 'v' });
    await world.link(0, 2, true);
    await world.run(200);
    expect((await world.status(0)).nextHops).to.deep.equal([1, 2]);
  });

  it('takes writes on both sides of a split, and has them all on both once it is healed', async () => {
    await using world = await World.start({ servers: FIVE });
    await world.split([0, 1], [2, 3, 4]);
    const [left, right] = [world.client('left', 0), world.client('right', 3)];
    await left.put('l', 1);
    await left.put('both', 'left');
    await right.put('r', 2);
    await right.put('both', 'right');
    await world.stabilize();
    expect(await world.dump(1)).to.deep.equal({ both: 'left', l: 1 });
    expect(await world.dump(4)).to.deep.equal({ both: 'right', r: 2 });
    await world.split([0, 1], [2, 3, 4], true);
    expect(await world.stabilize()).to.be.below(1500);
    // Concurrent writes: that of the highest server shows.
    await expectEverywhere(world, { both: 'right', l: 1, r: 2 });
  });

  it('shows the write that follows, though the one before is of a higher server', async () => {
    await using world = await World.start({ servers: [0, 1] });
    await world.client('a', 1).put('k', 'first');
    await world.stabilize();
    await world.client('b', 0).put('k', 'second');
    await world.stabilize();
    await expectEverywhere(world, { k: 'second' });
  });

  it('brings a server that joins late up to all, by no more than what lives', async () => {
    const bytes = new Map<string, number>();
    const trace = (record: TraceRecord) => {
      if (record.event !== 'deliver' || record.to !== '7') return;
      if (record.messages.includes('syncPiece'))
        bytes.set(record.to, (bytes.get(record.to) ?? 0) + record.bytes);
    };
    await using world = await World.start({ servers: [0, 1], trace });
    const client = world.client('a', 0);
    const value = 'x'.repeat(1000);
    for (let round = 0; round < 30; round++)
      await client.write(FIVE.map((key) => ({ key: `k${key}`, value: `${value}${round}` })));
    await client.delete('k0');
    await world.stabilize();
    await world.run(2000);
    await world.join(7);
    expect(await world.stabilize()).to.be.below(1500);
    await expectEverywhere(
      world,
      Object.fromEntries([1, 2, 3, 4].map((key) => [`k${key}`, `${value}29`] as const)),
    );
    expect(bytes.get('7')).to.be.within(4000, 6000);
  });

  it('brings up a server that was away while others wrote more than their logs keep', async () => {
    await using world = await World.start({ servers: [0, 1, 2], settings: { writeLogBytesMax: 4000 } });
    await world.stabilize();
    await world.kill(2);
    await world.run(200);
    const client = world.client('a', 0);
    const expected: Record<string, string> = {};
    for (let round = 0; round < 100; round++) {
      await client.put(`k${round}`, 'x'.repeat(200));
      expected[`k${round}`] = 'x'.repeat(200);
    }
    const { logBytes, logEntries } = await world.status(0);
    expect(logBytes).to.be.within(1, 4000);
    expect(logEntries).to.be.below(25);
    await world.restart(2);
    await world.stabilize();
    await expectEverywhere(world, expected);
    expect((await world.status(0)).logEntries, 'acknowledged by all').to.equal(0);
  });

  it('has all that it acknowledged when all were killed and have joined again', async () => {
    await using world = await World.start({ servers: [0, 1, 2] });
    const clients = [0, 1, 2].map((server) => world.client(`c${server}`, server));
    for (const client of clients) await client.put(`k${client.server}`, `v${client.server}`);
    for (const server of [0, 1, 2]) await world.kill(server);
    for (const server of [0, 1, 2]) await world.restart(server);
    for (const client of clients) {
      expect(await client.get(`k${client.server}`)).to.deep.equal({ value: `v${client.server}` });
    }
    await world.stabilize();
    await expectEverywhere(world, { k0: 'v0', k1: 'v1', k2: 'v2' });
    // And what reached the store alone.
    await world.run(1000);
    for (const server of [0, 1, 2]) await world.kill(server);
    for (const server of [0, 1, 2]) await world.restart(server);
    await expectEverywhere(world, { k0: 'v0', k1: 'v1', k2: 'v2' });
    const { held } = await world.status(0);
    expect(held).to.deep.equal([0, 1, 1, 1, 2, 1]);
    await clients[0]!.put('k0', 'again').catch(() => clients[0]!.put('k0', 'again'));
    expect((await world.status(0)).held, 'its clock went on').to.deep.equal([0, 2, 1, 1, 2, 1]);
  });

  describe('a session', () => {
    it('reads its writes: another server that lacks them says ERR_DEP, whatever the key, and then has them', async () => {
      await using world = await World.start({ servers: [0, 1], links: [] });
      const client = world.client('a', 0);
      await client.put('k', 'v1');
      client.moveTo(1);
      expect(await client.get('k')).to.equal('ERR_DEP');
      expect(await client.get('other')).to.equal('ERR_DEP');
      expect(await world.client('b', 1).get('k'), 'a session without a past').to.deep.equal({
        value: undefined,
      });
      await world.link(0, 1, true);
      await world.stabilize();
      expect(await client.get('k')).to.deep.equal({ value: 'v1' });
      expect(await client.get('other')).to.deep.equal({ value: undefined });
    });

    it('has its put taken by a server that lacks its past, and reads it where that came first, too', async () => {
      await using world = await World.start({ servers: [0, 1], links: [] });
      const client = world.client('a', 0);
      await client.put('k1', 'v1');
      client.moveTo(1);
      await client.put('k1', 'v12');
      client.moveTo(0);
      expect(await client.get('k1')).to.equal('ERR_DEP');
      await world.link(0, 1, true);
      await world.stabilize();
      expect(await client.get('k1'), 'though server 1 had not seen v1').to.deep.equal({ value: 'v12' });
      await expectEverywhere(world, { k1: 'v12' });
    });

    it('reads monotonically, though it has written nothing', async () => {
      await using world = await World.start({ servers: [0, 1], links: [] });
      await world.client('writer', 0).put('k', 'new');
      const reader = world.client('reader', 0);
      expect(await reader.get('k')).to.deep.equal({ value: 'new' });
      reader.moveTo(1);
      expect(await reader.get('k')).to.equal('ERR_DEP');
      await world.link(0, 1, true);
      await world.stabilize();
      expect(await reader.get('k')).to.deep.equal({ value: 'new' });
    });

    it('writes what follows its reads: no server shows the answer without the question', async () => {
      await using world = await World.start({ servers: [0, 1, 2], links: [[0, 1]] });
      await world.stabilize();
      await world.client('asks', 0).put('question', '?');
      await world.stabilize();
      const answers = world.client('answers', 0);
      expect(await answers.get('question')).to.deep.equal({ value: '?' });
      answers.moveTo(2);
      await answers.put('answer', '!');
      const reader = world.client('reader', 2);
      expect(await reader.get('answer')).to.deep.equal({ value: '!' });
      expect(await reader.get('question'), 'it must not be missing').to.equal('ERR_DEP');
    });

    it('does not wait for what another session has read elsewhere', async () => {
      await using world = await World.start({ servers: [0, 1], links: [] });
      const traveller = world.client('traveller', 0);
      await traveller.put('far', 1);
      traveller.moveTo(1);
      await traveller.put('near', 2);
      const local = world.client('local', 1);
      await local.put('mine', 3);
      expect(await local.get('mine'), 'its own').to.deep.equal({ value: 3 });
      await local.put('near', 4);
      expect(await local.get('near')).to.deep.equal({ value: 4 });
    });

    it('orders writes alike everywhere, whatever sessions have read where', async () => {
      // u on 0; a session that has read it puts v on 1, which lacks u; another one there puts w over v.
      for (const order of [
        [0, 1],
        [1, 0],
      ]) {
        await using world = await World.start({ servers: [0, 1, 2], links: [] });
        const traveller = world.client('traveller', 0);
        await traveller.put('k', 'u');
        traveller.moveTo(1);
        await traveller.put('k', 'v');
        await world.client('local', 1).put('k', 'w');
        for (const server of order) {
          await world.link(server, 2, true);
          await world.stabilize();
        }
        await expectEverywhere(world, { k: 'w' });
        const [status] = await Promise.all([world.status(2)]);
        expect(status.keys).to.equal(1);
      }
    });
  });
});

describe('the eventually consistent store, where something is lost', () => {
  it('brings every write to all though frames are lost, come twice and out of order', async () => {
    for (const seed of [1, 2, 3]) {
      await using world = await World.start({
        servers: FIVE,
        seed,
        network: {
          lossProbability: 0.2,
          duplicateProbability: 0.2,
          reorderProbability: 0.3,
          reorderMsMax: 30,
        },
      });
      const expected: Record<string, unknown> = {};
      for (let round = 0; round < 20; round++) {
        const server = round % 5;
        await world.client(`c${round}`, server).put(`k${round}`, round);
        expected[`k${round}`] = round;
      }
      await world.stabilize();
      await expectEverywhere(world, expected);
    }
  });

  it('sends again a write that was lost on its way, though nothing else is written', async () => {
    await using world = await World.start({ servers: [0, 1], settings: { gossipMs: 100_000 } });
    await world.run(500);
    world.host.changeNetwork({ lossProbability: 1 });
    await world.client('a', 0).put('k', 'v');
    await world.run(10);
    world.host.changeNetwork({ lossProbability: 0 });
    await world.run(150);
    expect(await world.dump(1)).to.deep.equal({ k: 'v' });
    expect((await world.status(0)).logEntries).to.equal(0);
  });

  it('acknowledges what was forced with something else, though nothing else is said', async () => {
    await using world = await World.start({
      servers: [0, 1, 2],
      settings: { gossipMs: 100_000, retryMsMin: 100_000, exchangeMs: 20 },
    });
    await world.run(500);
    await world.client('a', 0).put('k', 'v');
    await world.run(5);
    world.send(1, { type: 'probe', sender: 2, members: [0, 1, 2], number: 0 } as Message);
    await world.run(100);
    expect((await world.status(0)).isQuiet).to.equal(true);
  });

  it('waits for nobody where it is the only member, also after a restart', async () => {
    await using world = await World.start({ servers: [0], settings: { writeBehindMs: 10_000 } });
    await world.client('a', 0).put('k', 'v');
    await world.kill(0);
    await world.restart(0);
    expect((await world.status(0)).logEntries).to.equal(0);
    expect(await world.dump(0)).to.deep.equal({ k: 'v' });
  });

  it('a sync that is broken off leaves nothing behind that claims to be whole', async () => {
    await using world = await World.start({ servers: [0, 1], links: [], settings: { pieceBytesMax: 500 } });
    const client = world.client('a', 0);
    const keys = Array.from({ length: 200 }, (_, at) => `k${at}`);
    for (const key of keys) await client.put(key, 'x'.repeat(100));
    await client.put('k0', 'last');
    await world.link(0, 1, true);
    const dumped = async () => Object.keys(await world.dump(1)).length;
    while ((await dumped()) < 50) await world.run(1);
    await world.link(0, 1, false);
    expect(await dumped()).to.be.within(50, 199);
    client.moveTo(1);
    expect(await client.get('k1')).to.equal('ERR_DEP');
    expect((await world.status(1)).held).to.deep.equal([]);
    await world.kill(1);
    await world.restart(1);
    expect(await client.get('k1')).to.equal('ERR_DEP');
    await world.link(0, 1, true);
    await world.stabilize();
    expect(await client.get('k0')).to.deep.equal({ value: 'last' });
    expect(await dumped()).to.equal(200);
  });

  it('forgets tombstones that all hold, and not before', async () => {
    await using world = await World.start({ servers: [0, 1, 2] });
    const client = world.client('a', 0);
    await client.put('k', 'v');
    await client.put('l', 'v');
    await world.stabilize();
    await world.kill(2);
    await client.delete('k');
    await world.run(5000);
    expect((await world.status(0)).tombstones, 'server 2 has not seen it').to.equal(1);
    await world.restart(2);
    await world.stabilize();
    await world.run(3000);
    for (const server of [0, 1, 2]) expect((await world.status(server)).tombstones).to.equal(0);
    await expectEverywhere(world, { l: 'v' });
    for (const server of [0, 1, 2]) await world.kill(server);
    for (const server of [0, 1, 2]) await world.restart(server);
    await expectEverywhere(world, { l: 'v' });
  });

  it('a put after a delete that was collected shows', async () => {
    await using world = await World.start({ servers: [0, 1, 2] });
    await world.client('high', 2).put('k', 'v');
    await world.client('high', 2).delete('k');
    await world.stabilize();
    await world.run(3000);
    await world.client('low', 0).put('k', 'again');
    await world.stabilize();
    await expectEverywhere(world, { k: 'again' });
  });

  it('a newcomer writes what follows a delete that some have forgotten and others have not', async () => {
    await using world = await World.start({ servers: [1, 9] });
    await world.client('a', 9).delete('k');
    await world.stabilize();
    // Until it has said that it holds that.
    await world.run(300);
    await world.kill(9);
    await world.run(2000);
    expect((await world.status(1)).tombstones, 'both had it').to.equal(0);
    await world.join(0);
    await world.client('b', 0).put('k', 'new');
    await world.restart(9);
    expect((await world.status(9)).tombstones).to.equal(1);
    await world.stabilize();
    await expectEverywhere(world, { k: 'new' });
  });

  it('newcomers that hear of one another alone do not take that for all there is to know', async () => {
    await using world = await World.start({ servers: [1, 9], settings: { learnMs: 600_000 } });
    await world.client('a', 9).delete('k');
    await world.stabilize();
    // Until it has said that it holds that.
    await world.run(300);
    await world.kill(9);
    await world.run(2000);
    expect((await world.status(1)).tombstones, 'both had it').to.equal(0);
    await world.join(0, []);
    await world.join(2, [0]);
    const early = await world
      .client('b', 0)
      .put('k', 'new')
      .catch((error: unknown) => error);
    expect(early, 'server 1 may know more').to.be.instanceOf(NoAnswer);
    for (const newcomer of [0, 2]) await world.link(1, newcomer, true);
    await world.restart(9);
    expect((await world.status(9)).tombstones).to.equal(1);
    await world.stabilize();
    await expectEverywhere(world, { k: 'new' });
  });

  for (const journal of ['lmdb', 'memory'] as const) {
    it(`a server that has lost its ${journal} counts anew, and gets back what others hold`, async () => {
      await using world = await World.start({ servers: [0, 1, 2], journal });
      const client = world.client('a', 0);
      await client.put('k', 'old');
      await world.client('b', 1).put('l', 'v');
      await world.stabilize();
      await world.kill(0);
      if (journal === 'lmdb') world.host.forget('0');
      await world.restart(0);
      client.moveTo(0);
      await world.client('c', 0).put('k', 'new');
      await world.stabilize();
      const held = (await world.status(1)).held;
      expect(held.slice(0, 4), 'both memories').to.deep.equal([0, 1, 1, 1]);
      expect(held[4]! % 2 ** 32, 'the second one').to.equal(0);
      expect(held[5]).to.equal(1);
      expect(await client.get('l')).to.deep.equal({ value: 'v' });
      // The two were concurrent: of one server's memories the later number shows, the same everywhere.
      await expectEverywhere(world, { k: 'new', l: 'v' });
    });
  }

  it('a server that has lost its store alone gets it back, and does not count anew from what it forgot', async () => {
    await using world = await World.start({ servers: [0, 1, 2] });
    const client = world.client('a', 0);
    for (let round = 0; round < 5; round++) await client.put(`k${round}`, round);
    await world.stabilize();
    await world.run(1000);
    await world.kill(0);
    world.host.storeDiskOf('0').rot(['state']);
    await world.restart(0);
    await world.client('b', 0).put('l', 'v');
    await world.stabilize();
    await expectEverywhere(world, { k0: 0, k1: 1, k2: 2, k3: 3, k4: 4, l: 'v' });
    expect((await world.status(0)).held.slice(0, 2)).to.deep.equal([0, 5]);
    expect(world.warnings.map((warning) => 'code' in warning && warning.code)).to.deep.equal([
      'SYNOD_SET_ASIDE',
    ]);
  });

  it('a server that has lost its store alone keeps what its journal has, whatever it writes next', async () => {
    await using world = await World.start({ servers: [0, 1, 2], links: [], settings: { learnMs: 10 } });
    const client = world.client('a', 0);
    await client.put('k', 1);
    await world.run(1000);
    await client.put('l', 2);
    await world.kill(0);
    world.host.storeDiskOf('0').rot(['state']);
    await world.restart(0);
    client.moveTo(0);
    await client.put('m', 3);
    await world.kill(0);
    await world.restart(0);
    expect(await world.dump(0)).to.deep.equal({ k: 1, l: 2, m: 3 });
    for (const other of [1, 2]) await world.link(0, other, true);
    await world.stabilize();
    await expectEverywhere(world, { k: 1, l: 2, m: 3 });
  });

  it('a server that has lost its store alone does not count as held what it had there of a sync', async () => {
    await using world = await World.start({
      servers: [0, 1, 2],
      links: [],
      settings: { pieceBytesMax: 500, writeBehindMs: 5 },
    });
    const client = world.client('a', 0);
    const keys = Array.from({ length: 200 }, (_, at) => `k${at}`);
    for (const key of keys) await client.put(key, 'x'.repeat(100));
    await world.link(0, 1, true);
    while (world.host.storeDiskOf('1').size < 150) await world.run(1);
    const heldBy1 = async () => (await world.status(1)).held.length;
    while ((await heldBy1()) === 0) await world.run(0.2);
    await world.kill(1);
    world.host.storeDiskOf('1').rot(['state']);
    await world.link(0, 1, false);
    for (let life = 0; life < 2; life++) {
      await world.restart(1);
      client.moveTo(1);
      expect(await client.get('k0'), `life ${life}`).to.equal('ERR_DEP');
      await world.kill(1);
    }
    await world.restart(1);
    await world.link(0, 1, true);
    await world.stabilize();
    expect(await client.get('k0')).to.deep.equal({ value: 'x'.repeat(100) });
  });

  it('does not start on a record that nobody wrote, and says which; the others go on', async () => {
    await using world = await World.start({ servers: [0, 1] });
    await world.client('a', 0).put('k', 'v');
    await world.stabilize();
    await world.run(1000);
    await world.kill(0);
    const bad = { key: ['versions', 'k'], value: Uint8Array.of(1, 2) };
    world.host.storeDiskOf('0').write(bad);
    let error: unknown;
    await world.restart(0).catch((reason: unknown) => {
      error = reason;
    });
    expect(error).to.include({ code: 'SYNOD_CORRUPT_RECORD' });
    expect(String(error)).to.include('versions k');
    await world.client('b', 1).put('l', 'v');
    expect(await world.dump(1)).to.deep.equal({ k: 'v', l: 'v' });
  });

  it('two servers that join at once, and one that was dead meanwhile, find each other', async () => {
    await using world = await World.start({ servers: [0, 1] });
    await world.client('a', 0).put('k', 'v');
    await world.stabilize();
    await world.kill(1);
    await world.join(5);
    await world.join(6, [5]);
    await world.client('b', 6).put('l', 'v');
    await world.restart(1);
    await world.stabilize();
    expect((await world.status(1)).members).to.deep.equal([0, 1, 5, 6]);
    await expectEverywhere(world, { k: 'v', l: 'v' });
    expect(world.warnings).to.deep.equal([]);
  });
});
