import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
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

  /** Fills a cluster and ends it; then its nodes' files are at rest. */
  async function fill(settings = {}): Promise<void> {
    await using cluster = await createCluster({ ...options, settings, dataDir: folder });
    const store = openKeyValueStore(await cluster.client());
    await Promise.all(Array.from({ length: 300 }, (_, index) => store.put(`key-${index}`, 'x'.repeat(100))));
    await store.put('a', '1');
    await cluster.settled();
  }
  const spoil = (node: number, what: 'journal' | 'store') =>
    writeFileSync(join(folder, String(node), what, 'data.mdb'), 'this is no journal');
  const codeOf = (error: Error | undefined) => (error as SynodError | undefined)?.code;

  it('takes a node whose journal is damaged in again, and says why', async () => {
    await fill();
    spoil(1, 'journal');
    const ended: [number, string | undefined][] = [];
    const warnings: (string | undefined)[] = [];
    await using cluster = await createCluster({
      ...options,
      dataDir: folder,
      onNodeEnded: (node, error) => ended.push([node, codeOf(error)]),
      onWarning: (warning) => warnings.push(codeOf(warning)),
    });
    expect(ended).to.deep.equal([]);
    expect(warnings).to.deep.equal(['SYNOD_SET_ASIDE']);
    await cluster.settled();
    // Its vote is needed now.
    await cluster.crash(0);
    const store = openKeyValueStore(await cluster.client());
    expect(await store.get('a')).to.equal('1');
    await store.put('a', '2');
  });

  for (const what of ['journal', 'store'] as const) {
    it(`does not let a node start on the ${what} of another`, async () => {
      await fill();
      rmSync(join(folder, '1', what), { recursive: true });
      cpSync(join(folder, '2', what), join(folder, '1', what), { recursive: true });
      const ended: [number, string | undefined][] = [];
      await using cluster = await createCluster({
        ...options,
        dataDir: folder,
        onNodeEnded: (node, error) => ended.push([node, codeOf(error)]),
      });
      expect(ended).to.deep.equal([[1, 'SYNOD_WRONG_FOLDER']]);
      expect(await openKeyValueStore(await cluster.client()).get('a')).to.equal('1');
    });
  }

  for (const what of ['journal', 'store'] as const) {
    it(`does not start where the ${what} of a majority is damaged, and touches nothing`, async () => {
      await fill();
      for (const node of [1, 2]) spoil(node, what);
      const before = [1, 2].map((node) => readdirSync(join(folder, String(node))));
      const refused = await createCluster({ ...options, dataDir: folder }).then(() => undefined, codeOf);
      expect(refused).to.equal('SYNOD_CORRUPT_JOURNAL');
      expect([1, 2].map((node) => readdirSync(join(folder, String(node))))).to.deep.equal(before);
    });
  }

  it('gives a node that has lost its store everything again, by decisions or a snapshot', async () => {
    for (const settings of [{}, { decisionBytesMax: 1000 }]) {
      await fill(settings);
      for (const node of [1, 2, 0]) {
        spoil(node, 'store');
        const warnings: (string | undefined)[] = [];
        const onWarning = (warning: Error) => void warnings.push(codeOf(warning));
        await using cluster = await createCluster({ ...options, settings, dataDir: folder, onWarning });
        const store = openKeyValueStore(await cluster.client());
        expect(await store.get('a')).to.equal('1');
        await cluster.settled();
        const { nodes } = await cluster.status();
        expect(new Set(nodes.map(({ applied }) => applied))).to.have.property('size', 1);
        expect(warnings).to.deep.equal(['SYNOD_SET_ASIDE']);
      }
    }
  });

  it('runs in the memory of its nodes, without a file, and takes those back that have lost it', async () => {
    await using cluster = await createCluster({ ...options, journal: 'memory' });
    const store = openKeyValueStore(await cluster.client());
    await store.put('a', '1');
    await cluster.crash(0);
    await store.put('a', '2');
    await cluster.restart(0);
    await cluster.settled();
    await cluster.crash(1);
    expect(await store.get('a')).to.equal('2');
    await store.put('a', '3');
  });

  it('is refused a journal that there is not, and a folder where nothing is written', async () => {
    for (const [wrong, words] of [
      [{ journal: 'paper' }, /journal: "paper" given/],
      [{ journal: 'memory', dataDir: folder }, /dataDir: .* none with journals in memory/],
    ] as const) {
      const refused = await createCluster({ ...options, ...wrong } as never).catch((error: unknown) => error);
      expect(refused).to.have.property('code', 'SYNOD_BAD_OPTION');
      expect(refused).to.have.property('message').that.matches(words);
    }
    expect(readdirSync(folder)).to.deep.equal([]);
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
