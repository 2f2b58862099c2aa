import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { SynodError } from '../../../actors/errors.ts';
import { createCluster } from '../../../src/cluster/create-cluster.ts';
import type { CoordinatorKind } from '../../../src/cluster/transaction-cluster.ts';
import { createSimulatedCluster } from '../../../src/simulation/simulated-cluster.ts';

async function simulated(nodes = 3) {
  const { cluster, world } = createSimulatedCluster({
    protocol: '2pc',
    coordinator: 'replicated',
    nodes,
    seed: 1,
  });
  await world.runWhile(cluster.start(), 5000);
  return { cluster, world, client: await cluster.client() };
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return (error as SynodError).code;
  }
  return 'nothing was thrown';
}

describe('a cluster with a replicated coordinator', function () {
  this.timeout(20_000);

  it('goes on when its leader dies, in whatever it was, and clients need not know', async () => {
    const { cluster, world, client } = await simulated();
    await using _ = cluster;
    expect(await world.runWhile(client.put('k', '0'), 1000)).to.equal('committed');
    expect((await world.runWhile(cluster.status(), 2000)).leader).to.equal(0);
    const put = client.put('k', '1');
    cluster.crashBefore(0, 'COMMIT');
    expect(await world.runWhile(put, 3000)).to.equal('committed');
    expect(await world.runWhile(client.get('k'), 3000)).to.equal('1');
    await world.runWhile(cluster.settled(), 5000);
    expect((await world.runWhile(cluster.status(), 2000)).leader).to.be.oneOf([1, 2]);
    expect(await world.runWhile(client.put('k', '2'), 3000)).to.equal('committed');
  });

  it('comes to rest where no majority is left, too', async () => {
    const { cluster, world, client } = await simulated();
    await using _ = cluster;
    await world.runWhile(client.put('k', '0'), 1000);
    for (const node of [0, 1]) await world.runWhile(cluster.crash(node), 1000);
    expect(cluster.canDecide()).to.equal(false);
    await world.runWhile(cluster.settled(), 5000);
    expect(await world.runWhile(client.get('k'), 1000)).to.equal('0');
  });

  it('takes in no more nodes', async () => {
    const { cluster } = await simulated();
    await using _ = cluster;
    expect(await codeOf(cluster.addNode())).to.equal('SYNOD_BAD_OPTION');
  });

  it('presumes abort, and nothing else', async () => {
    const options = { protocol: '2pc', coordinator: 'replicated', nodes: 3 } as const;
    expect(await codeOf(createCluster({ ...options, settings: { presume: 'commit' } }))).to.equal(
      'SYNOD_BAD_OPTION',
    );
  });

  it('is of one kind or the other', async () => {
    const coordinator = 'doubled' as CoordinatorKind;
    expect(await codeOf(createCluster({ protocol: '2pc', coordinator, nodes: 3 }))).to.equal(
      'SYNOD_BAD_OPTION',
    );
  });

  it('keeps to its own folders', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'synod-test-'));
    try {
      const options = { protocol: '2pc', nodes: 2, dataDir } as const;
      await (await createCluster({ ...options, coordinator: 'replicated' }))[Symbol.asyncDispose]();
      expect(await codeOf(createCluster(options))).to.equal('SYNOD_WRONG_FOLDER');
      const cluster = await createCluster({ ...options, coordinator: 'replicated' });
      await cluster[Symbol.asyncDispose]();
    } finally {
      await rm(dataDir, { recursive: true });
    }
  });
});
