import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import {
  type Cluster,
  createCluster,
  type KeyValueStore,
  kv,
  openKeyValueStore,
  type SynodError,
} from 'synod';
import { createSimulatedCluster } from 'synod/simulation';
import { useTemporaryFolder } from '../../actors/threads/temporary-folder.ts';

const WRITES_AT_ONCE = 20;

/** Writes one key after the other until it is stopped; none may fail. */
function writeOn(store: KeyValueStore) {
  let stopped = false;
  let written = 0;
  const done = (async () => {
    while (!stopped) {
      const first = written;
      const keys = Array.from({ length: WRITES_AT_ONCE }, (_, place) => first + place);
      await Promise.all(keys.map((key) => store.put(`key-${key}`, `value-${key}`)));
      written += WRITES_AT_ONCE;
    }
  })();
  return {
    get written() {
      return written;
    },
    stop: async () => {
      stopped = true;
      await done;
      return written;
    },
  };
}

async function expectAll(store: KeyValueStore, count: number): Promise<void> {
  const found = new Map<string, unknown>();
  for await (const [key, value] of store.scan('key-')) found.set(key, value);
  expect(found.size).to.equal(count);
  for (let key = 0; key < count; key++) expect(found.get(`key-${key}`)).to.equal(`value-${key}`);
}

/** Every node is a voter, and has applied as much as every other. */
async function expectWhole(cluster: Cluster, nodes: readonly number[]): Promise<void> {
  await cluster.settled();
  const status = await cluster.status();
  expect(cluster.nodes).to.deep.equal(nodes);
  expect(status.nodes.map(({ node }) => node)).to.deep.equal(nodes);
  expect(status.nodes.map(({ member }) => member)).to.deep.equal(nodes.map(() => 'voter'));
  expect(new Set(status.nodes.map(({ applied }) => applied))).to.have.property('size', 1);
}

async function leaderOf(cluster: Cluster): Promise<number> {
  const { leader } = await cluster.status();
  if (leader === undefined) throw new Error('nobody leads');
  return leader;
}

async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  return work.then(
    () => undefined,
    (error: SynodError) => error.code,
  );
}

describe('the members of a Raft cluster on threads and disks', () => {
  const folder = useTemporaryFolder();
  const options = { protocol: 'raft', nodes: 3, application: kv } as const;

  it('change while writes go on, of which none fails and none is lost', async () => {
    await using cluster = await createCluster({ ...options, dataDir: folder() });
    const store = openKeyValueStore(await cluster.client());
    const writer = writeOn(store);

    expect(await cluster.addNode()).to.equal(3);
    await cluster.transferLeadership(3);
    expect(await leaderOf(cluster)).to.equal(3);

    // The leader itself, which so hands over.
    await cluster.removeNode(3);
    expect(cluster.nodes).to.deep.equal([0, 1, 2]);
    expect(await leaderOf(cluster)).to.not.equal(3);

    const dead = (await leaderOf(cluster)) === 2 ? 1 : 2;
    await cluster.crash(dead);
    expect(await cluster.replaceNode(dead)).to.equal(4);
    const alive = await leaderOf(cluster);
    expect(await cluster.replaceNode(alive)).to.equal(5);

    const { length } = cluster.nodes;
    const next = cluster.nodes.find((node) => node !== alive)!;
    await cluster.crash(next);
    await cluster.removeNode(next);
    expect(cluster.nodes).to.have.length(length - 1);
    expect(await cluster.addNode()).to.equal(6);

    const written = await writer.stop();
    expect(written).to.be.above(0);
    await expectAll(store, written);
    await expectWhole(cluster, cluster.nodes);
    expect(readdirSync(folder()).filter((name) => /^\d+$/.test(name))).to.have.members(
      cluster.nodes.map(String),
    );
  });

  it('have all that was there: a new one answers alone, and makes a majority', async () => {
    await using cluster = await createCluster({ ...options, dataDir: folder() });
    const client = await cluster.client();
    const store = openKeyValueStore(client);
    const writer = writeOn(store);
    while (writer.written < 500) await store.get('key-0');
    const written = await writer.stop();
    await cluster.replaceNode(1);
    await cluster.settled();
    expect(await store.get(`key-${written - 1}`, { consistency: 'stale', node: 3 })).to.equal(
      `value-${written - 1}`,
    );
    await cluster.crash(2);
    await store.put('after', 'by nodes 0 and 3');
    await expectAll(store, written);
  });

  it('are those of the present when a data folder is opened again', async () => {
    const open = () => createCluster({ ...options, dataDir: folder() });
    {
      await using cluster = await open();
      const store = openKeyValueStore(await cluster.client());
      await store.put('key-0', 'value-0');
      await cluster.addNode();
      await cluster.removeNode(await leaderOf(cluster));
      await cluster.replaceNode(1);
      await store.put('key-1', 'value-1');
    }
    await using cluster = await open();
    await expectWhole(cluster, [2, 3, 4]);
    const store = openKeyValueStore(await cluster.client());
    await expectAll(store, 2);
    expect(await cluster.addNode(), 'no number twice').to.equal(5);
  });

  it('hand leadership over to whichever is furthest, when nobody is named', async () => {
    await using cluster = await createCluster({ ...options, dataDir: folder() });
    const writer = writeOn(openKeyValueStore(await cluster.client()));
    const former = await leaderOf(cluster);
    await cluster.transferLeadership();
    expect(await leaderOf(cluster)).to.not.equal(former);
    await cluster.transferLeadership(former);
    expect(await leaderOf(cluster)).to.equal(former);
    expect(await writer.stop()).to.be.above(0);
  });
});

describe('a change of members', () => {
  async function openSimulated(protocol: 'paxos' | 'raft', nodes: number) {
    const { cluster, world } = createSimulatedCluster({ protocol, nodes, application: kv, seed: 1 });
    const until = <Value>(work: Promise<Value>): Promise<Value> => world.runWhile(work, 120_000);
    await until(cluster.start());
    return { cluster, until };
  }

  it('is not possible with Multi-Paxos, and nothing happens', async () => {
    const { cluster, until } = await openSimulated('paxos', 3);
    for (const change of [
      () => cluster.addNode(),
      () => cluster.removeNode(1),
      () => cluster.replaceNode(1),
      () => cluster.transferLeadership(1),
    ]) {
      expect(await until(codeOf(change()))).to.equal('SYNOD_UNSUPPORTED');
    }
    expect(cluster.nodes).to.deep.equal([0, 1, 2]);
  });

  it('never takes out the last node, also when all are taken out at once', async () => {
    const alone = await openSimulated('raft', 1);
    expect(await alone.until(codeOf(alone.cluster.removeNode(0)))).to.equal('SYNOD_BAD_OPTION');
    const { cluster, until } = await openSimulated('raft', 2);
    const removals = [0, 1].map((node) => codeOf(cluster.removeNode(node)));
    expect(await until(Promise.all(removals))).to.deep.equal([undefined, 'SYNOD_BAD_OPTION']);
    const store = openKeyValueStore(await until(cluster.client()));
    await until(store.put('a', '1'));
    expect(await until(store.get('a'))).to.equal('1');
    expect(cluster.nodes).to.deep.equal([1]);
  });

  it('is refused for a node that there is not, and on a cluster that is closed', async () => {
    const { cluster, until } = await openSimulated('raft', 3);
    for (const change of [
      () => cluster.removeNode(9),
      () => cluster.replaceNode(9),
      () => cluster.transferLeadership(9),
    ]) {
      expect(await until(codeOf(change()))).to.equal('SYNOD_NO_SUCH_NODE');
    }
    await until(cluster[Symbol.asyncDispose]());
    for (const change of [
      () => cluster.addNode(),
      () => cluster.removeNode(1),
      () => cluster.transferLeadership(),
    ])
      expect(await codeOf(change())).to.equal('SYNOD_CLOSED');
  });

  it('fails without a majority, and happens when there is one again', async () => {
    const { cluster, until } = await openSimulated('raft', 3);
    await until(Promise.all([cluster.crash(1), cluster.crash(2)]));
    expect(await until(codeOf(cluster.addNode({ timeoutMs: 1000 })))).to.equal('SYNOD_NO_QUORUM');
    expect(await until(codeOf(cluster.transferLeadership(0, { timeoutMs: 1000 })))).to.equal(
      'SYNOD_NO_QUORUM',
    );
    expect(cluster.nodes, 'the node is there').to.deep.equal([0, 1, 2, 3]);
    await until(cluster.restart(1));
    await until(cluster.removeNode(3));
    expect(await until(cluster.addNode())).to.equal(4);
  });
});
