import { expect } from 'chai';
import { kv, openKeyValueStore, type SynodError } from 'synod';
import { createSimulatedCluster } from 'synod/simulation';
import type { LinkEndpoint } from '../../../src/cluster/node-group.ts';

describe('bad links', () => {
  it('take as long as they are told to in a simulated cluster, and are as quick as ever afterwards', async () => {
    const { cluster, world } = createSimulatedCluster({
      protocol: 'paxos',
      nodes: 3,
      application: kv,
      seed: 1,
    });
    await using _ = cluster;
    await world.runWhile(cluster.start(), 1000);
    const store = openKeyValueStore(await world.runWhile(cluster.client(), 1000));
    const timeOfPut = async () => {
      const beganMs = world.clock.now();
      await world.runWhile(store.put('key', 'value'), 1000);
      return world.clock.now() - beganMs;
    };
    expect(await timeOfPut()).to.be.below(50);
    for (const [a, b] of linksOf(cluster.nodes)) await cluster.degrade(a, b, { delayMs: 25 });
    // To the leader, to an acceptor, and back.
    expect(await timeOfPut()).to.be.within(100, 150);
    for (const [a, b] of linksOf(cluster.nodes)) await cluster.degrade(a, b, {});
    expect(await timeOfPut()).to.be.below(50);
  });

  it('are cut one way, which the status tells of, and mended both ways', async () => {
    const { cluster, world } = createSimulatedCluster({ protocol: '2pc', nodes: 3, seed: 1 });
    await using _ = cluster;
    await world.runWhile(cluster.start(), 1000);
    const cut = async () => (await world.runWhile(cluster.status(), 1000)).cut;
    await cluster.disconnect(2, 1, { oneWay: true });
    expect(await cut()).to.deep.equal([[1, 2]]);
    await cluster.disconnect(1, 2, { oneWay: true });
    expect(await cut()).to.deep.equal([[1, 2]]);
    await cluster.connect(1, 2, { oneWay: true });
    expect(await cut()).to.deep.equal([[1, 2]]);
    await cluster.disconnect(0, 2);
    await cluster.connect(1, 2);
    expect(await cut()).to.deep.equal([[0, 2]]);
  });

  it('between clients and a node are cut', async () => {
    const { cluster, world } = createSimulatedCluster({ protocol: 'eventual', nodes: 2, seed: 1 });
    await using _ = cluster;
    await world.runWhile(cluster.start(), 1000);
    const client = await cluster.client({ node: 0, timeoutMs: 100 });
    await world.runWhile(client.put('key', 'first'), 1000);
    // What it is asked it hears, and does; nobody hears its answer.
    await cluster.disconnect(0, 'clients', { oneWay: true });
    expect(await codeOf(world.runWhile(client.put('key', 'second'), 1000))).to.equal('SYNOD_TIMEOUT');
    await cluster.connect(0, 'clients');
    expect(await world.runWhile(client.get('key'), 1000)).to.equal('second');
    await cluster.disconnect('clients', 0);
    expect(await codeOf(world.runWhile(client.put('key', 'third'), 1000))).to.equal('SYNOD_TIMEOUT');
    await cluster.connect('clients', 0);
    expect(await world.runWhile(client.get('key'), 1000)).to.equal('second');
  });

  it('are not made of anything but a probability and a time', async () => {
    const { cluster, world } = createSimulatedCluster({ protocol: 'eventual', nodes: 2, seed: 1 });
    await using _ = cluster;
    await world.runWhile(cluster.start(), 1000);
    for (const bad of [{ lossProbability: 1.1 }, { lossProbability: Number.NaN }, { delayMs: -1 }])
      expect(await codeOf(cluster.degrade(0, 1, bad))).to.equal('SYNOD_BAD_OPTION');
    expect(await codeOf(cluster.degrade(0, 7, {}))).to.equal('SYNOD_NO_SUCH_NODE');
  });
});

function linksOf(nodes: readonly number[]): [LinkEndpoint, LinkEndpoint][] {
  const ends: readonly LinkEndpoint[] = ['clients', ...nodes];
  return ends.flatMap((a, place) => ends.slice(place + 1).map((b): [LinkEndpoint, LinkEndpoint] => [a, b]));
}

function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  return work.then(
    () => undefined,
    (error: SynodError) => error.code,
  );
}
