import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createCluster, kv, openKeyValueStore, type SynodError } from 'synod';

describe('a cluster on threads and disks', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'synod-test-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const options = { protocol: 'paxos', nodes: 3, application: kv } as const;

  it('has all that was acknowledged after all of it was stopped, also what was written behind', async () => {
    {
      await using cluster = await createCluster({ ...options, dataDir: folder });
      const store = openKeyValueStore(await cluster.client());
      await Promise.all(
        Array.from({ length: 500 }, (_, index) => store.put(`key-${index}`, `value-${index}`)),
      );
    }
    await using cluster = await createCluster({ ...options, dataDir: folder });
    const store = openKeyValueStore(await cluster.client());
    const found = [];
    for await (const [key, value] of store.scan('key-')) found.push(`${key}=${value}`);
    expect(found).to.have.length(500);
    expect(await store.get('key-499')).to.equal('value-499');
  });

  it('keeps what was acknowledged while every node was killed, one after the other and all at once', async () => {
    await using cluster = await createCluster({ ...options, dataDir: folder });
    const store = openKeyValueStore(await cluster.client());
    for (const node of [0, 1, 2]) {
      await store.put(`before-${node}`, 'kept');
      await cluster.crash(node);
      await store.put(`without-${node}`, 'kept');
      await cluster.restart(node);
    }
    await Promise.all([0, 1, 2].map((node) => cluster.crash(node)));
    await Promise.all([0, 1, 2].map((node) => cluster.restart(node)));
    for (const node of [0, 1, 2]) {
      expect(await store.get(`before-${node}`)).to.equal('kept');
      expect(await store.get(`without-${node}`)).to.equal('kept');
    }
    await cluster.settled();
    const { nodes } = await cluster.status();
    expect(new Set(nodes.map(({ applied }) => applied))).to.have.property('size', 1);
  });

  it('goes on without a node whose journal is damaged, and says why', async () => {
    {
      await using cluster = await createCluster({ ...options, dataDir: folder });
      await openKeyValueStore(await cluster.client()).put('a', '1');
      await cluster.settled();
    }
    writeFileSync(join(folder, '1', 'journal', 'data.mdb'), 'this is no journal');
    const ended: [number, string | undefined][] = [];
    await using cluster = await createCluster({
      ...options,
      dataDir: folder,
      onNodeEnded: (node, error) => ended.push([node, (error as SynodError | undefined)?.code]),
    });
    expect(ended).to.deep.equal([[1, 'SYNOD_CORRUPT_JOURNAL']]);
    expect(cluster.isUp(1)).to.equal(false);
    expect(await openKeyValueStore(await cluster.client()).get('a')).to.equal('1');
  });

  it('does not open a folder of another number of nodes, and touches nothing in it', async () => {
    await (await createCluster({ ...options, dataDir: folder }))[Symbol.asyncDispose]();
    const refused = await createCluster({ ...options, nodes: 5, dataDir: folder }).then(
      () => undefined,
      (error: SynodError) => error.code,
    );
    expect(refused).to.equal('SYNOD_WRONG_FOLDER');
    await (await createCluster({ ...options, dataDir: folder }))[Symbol.asyncDispose]();
  });

  it('refuses a value over the limit, and nothing happens', async () => {
    await using cluster = await createCluster({ ...options, dataDir: folder });
    const store = openKeyValueStore(await cluster.client());
    const refused = await store.put('a', 'x'.repeat(1024 * 1024 + 1)).then(
      () => undefined,
      (error: SynodError) => error.code,
    );
    expect(refused).to.equal('SYNOD_VALUE_TOO_LARGE');
    expect(await store.get('a')).to.equal(undefined);
  });

  it('tells operations of a closed cluster so', async () => {
    const cluster = await createCluster({ ...options, dataDir: folder });
    const store = openKeyValueStore(await cluster.client());
    await cluster[Symbol.asyncDispose]();
    for (const work of [store.put('a', '1'), store.get('a')]) {
      const refused = await work.then(
        () => undefined,
        (error: SynodError) => error.code,
      );
      expect(refused).to.equal('SYNOD_CLOSED');
    }
  });
});
