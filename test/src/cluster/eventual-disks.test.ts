import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createCluster, type EventualCluster, type SynodError } from 'synod';

const codeOf = (error: unknown) => (error as SynodError | undefined)?.code;

async function shown(cluster: EventualCluster, node: number): Promise<string[]> {
  const lines: string[] = [];
  for await (const [key, value] of cluster.entries(node)) lines.push(`${key}=${String(value)}`);
  return lines;
}

describe('the eventually consistent store on threads and disks', function () {
  this.timeout(60_000);
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'synod-test-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const options = { protocol: 'eventual', nodes: 2 } as const;

  /** Fills a store, two servers and one that has joined, and ends it. */
  async function fill(): Promise<void> {
    await using cluster = await createCluster({ ...options, dataDir: folder });
    await cluster.join(70);
    const clients = await Promise.all(cluster.nodes.map((node) => cluster.client({ node })));
    await Promise.all(
      Array.from({ length: 300 }, (_, number) => clients[number % 3]!.put(`k${number % 100}`, `v${number}`)),
    );
    await clients[0]!.idle();
    // Nobody else hears this one.
    await cluster.disconnect(70, 0);
    await cluster.disconnect(70, 1);
    await clients[2]!.put('alone', 'kept');
  }

  it('has all that was acknowledged after all of it was stopped, and all its servers', async () => {
    await fill();
    await using cluster = await createCluster({ ...options, dataDir: folder });
    expect(cluster.nodes).to.deep.equal([0, 1, 70]);
    await cluster.stabilize();
    const lines = await shown(cluster, 0);
    expect(lines).to.have.length(101).and.to.include('alone=kept');
    for (const node of [1, 70]) expect(await shown(cluster, node)).to.deep.equal(lines);
  });

  for (const what of ['journal', 'store'] as const) {
    it(`does not start a server whose ${what} is damaged, touches nothing of it, and goes on`, async () => {
      await fill();
      const file = join(folder, '70', what, 'data.mdb');
      const sound = readFileSync(file);
      writeFileSync(file, 'this is no journal');
      const before = readdirSync(join(folder, '70'));
      {
        const ended: [number, string | undefined][] = [];
        await using cluster = await createCluster({
          ...options,
          dataDir: folder,
          onNodeEnded: (node, error) => ended.push([node, codeOf(error)]),
        });
        expect(ended).to.deep.equal([[70, 'SYNOD_CORRUPT_JOURNAL']]);
        expect(cluster.isUp(70)).to.equal(false);
        expect(await cluster.join(70).then(() => undefined, codeOf)).to.equal('SYNOD_CORRUPT_JOURNAL');
        const client = await cluster.client({ node: 1 });
        await client.put('later', 'too');
        await cluster.stabilize();
      }
      expect(readdirSync(join(folder, '70'))).to.deep.equal(before);
      // Its owner puts it back.
      writeFileSync(file, sound);
      await using cluster = await createCluster({ ...options, dataDir: folder });
      await cluster.stabilize();
      expect(await shown(cluster, 70)).to.include.members(['alone=kept', 'later=too']);
    });
  }

  it('does not open a folder of another protocol, nor one that was founded with other servers', async () => {
    await fill();
    for (const nodes of [3, [0, 70]]) {
      const refused = createCluster({ ...options, nodes, dataDir: folder }).then(() => undefined, codeOf);
      expect(await refused).to.equal('SYNOD_WRONG_FOLDER');
    }
    const refused = createCluster({ protocol: '2pc', nodes: 2, dataDir: folder }).then(
      () => undefined,
      codeOf,
    );
    expect(await refused).to.equal('SYNOD_WRONG_FOLDER');
  });

  it('runs in the memory of its servers: one that is killed has forgotten, and is told by the others', async () => {
    await using cluster = await createCluster({ ...options, journal: 'memory' });
    const client = await cluster.client({ node: 0 });
    await client.put('k', 'v');
    await cluster.stabilize();
    await cluster.crash(0);
    await cluster.join(0);
    await cluster.stabilize();
    expect(await client.get('k')).to.equal('v');
    await client.put('k', 'w');
    await cluster.stabilize();
    expect(await shown(cluster, 1)).to.deep.equal(['k=w']);
  });
});
