import { expect } from 'chai';
import { createSimulatedCluster } from '../../../src/simulation/index.ts';
import type { SimulatedEventualClusterOptions } from '../../../src/simulation/simulated-cluster.ts';

const LIMIT_MS = 60_000;

/** A cluster that runs, and what lets its world go on until a promise settles. */
async function simulated(options: Partial<SimulatedEventualClusterOptions> = {}) {
  const { cluster, world } = createSimulatedCluster({ protocol: 'eventual', nodes: 3, seed: 1, ...options });
  const until = <Value>(work: Promise<Value>, limitMs = LIMIT_MS): Promise<Value> =>
    world.runWhile(work, limitMs);
  await until(cluster.start());
  const client = (node: number) => cluster.client({ node });
  const shown = (node: number) => until(entriesOf(cluster.entries(node)));
  return { cluster, world, until, client, shown };
}

async function entriesOf<Entry>(entries: AsyncIterable<Entry>): Promise<Entry[]> {
  const all: Entry[] = [];
  for await (const entry of entries) all.push(entry);
  return all;
}

function codeOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: { readonly code?: string }) => error.code,
  );
}

describe('a cluster of the eventually consistent store', () => {
  it('has on all servers what was put on one, once it has stabilized', async () => {
    const { cluster, until, client, shown } = await simulated();
    const [anna, bob] = [await client(0), await client(2)];
    await until(Promise.all([anna.put('colour', 'blue'), bob.put('size', { width: 3 }), bob.delete('none')]));
    await until(cluster.stabilize());
    const all = [
      ['colour', 'blue'],
      ['size', { width: 3 }],
    ];
    for (const node of cluster.nodes) expect(await shown(node)).to.deep.equal(all);
    expect(await until(bob.get('colour'))).to.equal('blue');
    expect(await until(anna.get('none'))).to.equal(undefined);
    await until(anna.delete('size'));
    await until(cluster.stabilize());
    expect(await shown(1)).to.deep.equal([all[0]]);
  });

  it('takes in servers of any id, which come to hold what there was', async () => {
    const { cluster, until, client, shown } = await simulated({ nodes: [7] });
    await until((await client(7)).put('k', 'v'));
    await until(cluster.join(4_000_000_000));
    await until(cluster.join(0));
    expect(cluster.nodes).to.have.members([7, 4_000_000_000, 0]);
    await until(cluster.stabilize());
    for (const node of cluster.nodes) expect(await shown(node)).to.deep.equal([['k', 'v']]);
    const { nodes } = await until(cluster.status());
    expect(
      nodes.map(({ up, keys, unacknowledged, isQuiet }) => [up, keys, unacknowledged, isQuiet]),
    ).to.deep.equal(Array(3).fill([true, 1, 0, true]));
  });

  it('refuses an id that cannot be one, and a client at a server that there is not', async () => {
    const { cluster, until } = await simulated();
    for (const id of [-1, 1.5, 2 ** 32]) expect(await codeOf(cluster.join(id))).to.equal('SYNOD_BAD_OPTION');
    expect(() => createSimulatedCluster({ protocol: 'eventual', nodes: [1, 1], seed: 1 })).to.throw(
      /each once/,
    );
    expect(await codeOf(cluster.client({ node: 9 }))).to.equal('SYNOD_NO_SUCH_NODE');
    const client = await cluster.client({ node: 0 });
    expect(await codeOf(client.moveTo(9))).to.equal('SYNOD_NO_SUCH_NODE');
    expect(await until(client.get('k'))).to.equal(undefined);
  });

  it('has after a kill of all, and a join of each, what was acknowledged', async () => {
    const { cluster, until, client, shown } = await simulated();
    const clients = await Promise.all(cluster.nodes.map(client));
    await until(Promise.all(clients.map((one, number) => one.put(`k${number}`, 'v'))));
    await until(Promise.all(cluster.nodes.map((node) => cluster.crash(node))));
    expect(await codeOf(until(clients[0]!.put('k', 'v')))).to.equal('SYNOD_UNREACHABLE');
    expect(await codeOf(until(entriesOf(cluster.entries(0))))).to.equal('SYNOD_UNREACHABLE');
    for (const node of cluster.nodes) await until(cluster.join(node));
    await until(cluster.stabilize());
    for (const node of cluster.nodes) expect(await shown(node)).to.have.length(3);
    await until(clients[0]!.put('k0', 'w'));
    expect(await until(clients[0]!.get('k0'))).to.equal('w');
  });

  it('tells a client that the server lacks its past, until it has it', async () => {
    const { cluster, until, client } = await simulated();
    const anna = await client(0);
    await until(Promise.all([cluster.disconnect(0, 1), cluster.disconnect(0, 2)]));
    await until(anna.put('k', 'v'));
    await until(anna.moveTo(1));
    expect(await codeOf(until(anna.get('another')))).to.equal('SYNOD_DEPENDENCY');
    await until(anna.put('k', 'w'));
    await until(cluster.stabilize());
    expect(await codeOf(until(anna.get('k')))).to.equal('SYNOD_DEPENDENCY');
    await until(cluster.connect(0, 2));
    await until(cluster.stabilize());
    expect(await until(anna.get('k'))).to.equal('w');
  });

  it('stabilizes each side of a split, and says so when it does not', async () => {
    const { cluster, until, client, shown } = await simulated({ nodes: 5 });
    for (const [a, b] of [0, 1].flatMap((a) => [2, 3, 4].map((b) => [a, b] as const)))
      await cluster.disconnect(a, b);
    await until(Promise.all([(await client(0)).put('k', 'left'), (await client(4)).put('k', 'right')]));
    await until(cluster.stabilize(), 5000);
    expect(await shown(1)).to.deep.equal([['k', 'left']]);
    expect(await shown(2)).to.deep.equal([['k', 'right']]);
    expect((await until(cluster.status())).cut).to.have.length(6);
    await cluster.connect(1, 2);
    await until(cluster.stabilize(), 5000);
    for (const node of cluster.nodes) expect(await shown(node)).to.deep.equal([['k', 'right']]);
    await until((await client(0)).put('k', 'late'));
    expect(await codeOf(until(cluster.stabilize({ timeoutMs: 0 })))).to.equal('SYNOD_TIMEOUT');
  });

  it('connects a server that joins with all that live, and leaves its links cut when it is only restarted', async () => {
    const { cluster, until } = await simulated();
    await until(cluster.disconnect(0, 1));
    await until(cluster.crash(0));
    await until(cluster.restart(0));
    expect((await until(cluster.status())).cut).to.deep.equal([[0, 1]]);
    await until(cluster.join(0));
    expect((await until(cluster.status())).cut).to.deep.equal([]);
  });

  it('shows a store of any size, piece by piece, in order of the bytes of its keys', async () => {
    const { until, client, shown } = await simulated({ nodes: 1 });
    const one = await client(0);
    const keys = Array.from(
      { length: 3000 },
      (_, number) => `key-${number % 2 ? 'é' : '\u{1f600}'}-${number}`,
    );
    await until(Promise.all(keys.map((key) => one.put(key, 'x'.repeat(300)))));
    const entries = await shown(0);
    const order = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(entries.map(([key]) => key)).to.deep.equal(order);
  });

  it('starts a server again that dies by itself, and tells of both; one that was crashed stays dead', async () => {
    const told: string[] = [];
    const { cluster, world, until, client } = await simulated({
      onNodeEnded: (node, error) => told.push(`${node} ended ${error?.message ?? ''}`.trim()),
      onNodeRestarted: (node) => told.push(`${node} restarted`),
    });
    const anna = await client(0);
    await until(anna.put('k', 'v'));
    for (let time = 0; time < 3; time++) {
      world.killAfter('0', 0, ['hello']);
      const pausedMs = world.clock.now();
      await world.runUntil(() => told.length === 2 * time + 2, LIMIT_MS);
      expect(world.clock.now() - pausedMs).to.be.within(50 * 2 ** time, 50 * 2 ** time + 100);
      expect(await until(anna.get('k'))).to.equal('v');
    }
    expect(told).to.deep.equal(Array(3).fill(['0 ended', '0 restarted']).flat());
    world.killAfter('0', 0, ['hello']);
    await world.runUntil(() => told.length === 7, LIMIT_MS);
    await until(cluster.crash(0));
    await world.run(world.clock.now() + 20_000);
    expect(told).to.have.length(7);
    expect(cluster.isUp(0)).to.equal(false);
    await until(cluster.restart(0));
    expect(await until(anna.get('k'))).to.equal('v');
  });

  it('lets a server be crashed and restarted while it starts again by itself', async () => {
    for (let delayMs = 0; delayMs < 60; delayMs += 3) {
      const { cluster, world, until, client } = await simulated({ onNodeEnded: () => {} });
      const anna = await client(0);
      await until(anna.put('k', 'v'));
      world.killAfter('0', 0, ['hello']);
      await world.runUntil(() => !cluster.isUp(0), LIMIT_MS);
      await world.run(world.clock.now() + delayMs);
      await until(cluster.crash(0));
      expect(cluster.isUp(0)).to.equal(false);
      expect(world.running).not.to.include('0');
      await until(cluster.restart(0));
      expect(await until(anna.get('k'))).to.equal('v');
    }
  });

  it('goes on trying to start a server that died, and stops when it is told to', async () => {
    const ended: unknown[] = [];
    const { cluster, world, until } = await simulated({
      onNodeEnded: (_node, error) => ended.push((error as { code?: string } | undefined)?.code),
    });
    world.killAfter('0', 0, ['hello']);
    await world.runUntil(() => ended.length === 1, LIMIT_MS);
    world.diskOf('0').rot(['members']);
    await world.runUntil(() => ended.length === 4, LIMIT_MS);
    expect(ended.slice(1)).to.deep.equal(Array(3).fill('SYNOD_CORRUPT_JOURNAL'));
    await until(cluster.crash(0));
    await world.run(world.clock.now() + 20_000);
    expect(ended).to.have.length(4);
  });

  it('does not start a server whose disk is damaged or gone, says why, and goes on without it', async () => {
    for (const lose of ['journal', 'disk'] as const) {
      const ended: (readonly [number, unknown])[] = [];
      const { cluster, world, until, client } = await simulated({
        onNodeEnded: (node, error) => ended.push([node, (error as { code?: string } | undefined)?.code]),
      });
      await until((await client(1)).put('k', 'v'));
      await until(cluster.stabilize());
      for (const node of cluster.nodes) await until(cluster.crash(node));
      if (lose === 'disk') world.forget('1');
      else world.diskOf('1').rot(['members']);
      expect(await codeOf(until(cluster.restart(1)))).to.equal('SYNOD_CORRUPT_JOURNAL');
      await until(cluster.start());
      expect(ended).to.deep.equal([[1, 'SYNOD_CORRUPT_JOURNAL']]);
      expect(await until((await client(0)).get('k'))).to.equal('v');
    }
  });
});
