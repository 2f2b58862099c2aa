import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createCluster, type SynodError } from 'synod';
import { createSimulatedCluster } from 'synod/simulation';

const codeOf = (work: Promise<unknown>): Promise<string | undefined> =>
  work.then(
    () => undefined,
    (error: SynodError) => error.code,
  );

describe('a cluster of two-phase commit on threads and disks', function () {
  this.timeout(60_000);
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'synod-test-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const options = { protocol: '2pc', nodes: 3 } as const;

  /** Commits something and ends; then the files are at rest. */
  async function fill(): Promise<void> {
    await using cluster = await createCluster({ ...options, dataDir: folder });
    const client = await cluster.client();
    const puts = Array.from({ length: 200 }, (_, key) => client.put(`key-${key}`, `a value that is ${key}`));
    expect(new Set(await Promise.all(puts))).to.deep.equal(new Set(['committed']));
    await cluster.settled();
  }

  it('has all that was committed after all of it was stopped, on every follower', async () => {
    await fill();
    await using cluster = await createCluster({ ...options, dataDir: folder });
    for (const node of [1, 2]) expect(await cluster.store(node)).to.have.length(200);
    const client = await cluster.client();
    expect(await client.get('key-199')).to.equal('a value that is 199');
    expect(await client.put('key-199', 'another')).to.equal('committed');
    const { nodes, ...status } = await cluster.status();
    expect(status).to.deep.equal({ protocol: '2pc', leader: 0, cut: [] });
    expect(nodes.map(({ node, up, role }) => [node, up, role])).to.deep.equal([
      [0, true, 'leader'],
      [1, true, 'follower'],
      [2, true, 'follower'],
    ]);
  });

  it('commits what many clients want at once, on the same keys and others', async () => {
    await using cluster = await createCluster({ ...options, dataDir: folder });
    const clients = await Promise.all(Array.from({ length: 8 }, () => cluster.client()));
    // Each adds to one counter until it has been counted.
    await Promise.all(
      clients.map(async (client, number) => {
        for (let added = 0; added < 10; ) {
          const transaction = client.begin();
          const sum = Number((await transaction.get('sum')) ?? 0);
          transaction.put('sum', String(sum + 1));
          transaction.put(`own-${number}`, String(added));
          if ((await transaction.commit()) === 'committed') added += 1;
          else expect(transaction.abortReason).to.equal('conflict');
        }
      }),
    );
    expect(await clients[0]!.get('sum')).to.equal('80');
    await cluster.settled();
    for (const node of [0, 1, 2]) expect(await cluster.journal(node)).to.deep.equal([]);
  });

  const damages: readonly (readonly [what: string, damage: (file: string) => void, code: string])[] = [
    ['is damaged', (file) => writeFileSync(file, 'this is no journal'), 'SYNOD_CORRUPT_JOURNAL'],
    ['is gone', (file) => rmSync(file), 'SYNOD_CORRUPT_JOURNAL'],
  ];
  for (const [what, damage, code] of damages) {
    for (const [node, kind] of [
      [0, 'journal'],
      [1, 'journal'],
      [2, 'store'],
    ] as const) {
      it(`does not start where the ${kind} of node ${node} ${what}, and touches nothing`, async () => {
        await fill();
        damage(join(folder, String(node), kind, 'data.mdb'));
        const before = readdirSync(folder, { recursive: true }).map(String).sort();
        const refused = await createCluster({ ...options, dataDir: folder }).catch(
          (error: SynodError) => error,
        );
        expect(refused).to.have.property('code', code);
        expect(refused)
          .to.have.property('message')
          .that.includes(join(folder, String(node), kind));
        const isLasting = (name: string) => !name.startsWith('in-use-by');
        expect(readdirSync(folder, { recursive: true }).map(String).filter(isLasting).sort()).to.deep.equal(
          before.filter(isLasting),
        );
      });
    }
  }

  it('does not start where a record was changed, and says which', async () => {
    await fill();
    const file = join(folder, '1', 'store', 'data.mdb');
    const content = readFileSync(file);
    let changed = 0;
    for (
      let at = content.indexOf('a value that is');
      at >= 0;
      at = content.indexOf('a value that is', at + 1)
    ) {
      content[at]! ^= 1;
      changed += 1;
    }
    expect(changed).to.be.above(0);
    writeFileSync(file, content);
    const refused = await createCluster({ ...options, dataDir: folder }).catch((error: SynodError) => error);
    expect(refused).to.have.property('code', 'SYNOD_CORRUPT_RECORD');
    expect(refused)
      .to.have.property('message')
      .that.matches(/record .*key-.* in .*store.*fails its checksum.*from a copy/);
  });

  it('does not take back a node that has lost what it kept while the others run', async () => {
    await fill();
    await using cluster = await createCluster({ ...options, dataDir: folder });
    await cluster.crash(1);
    rmSync(join(folder, '1', 'journal', 'data.mdb'));
    expect(await codeOf(cluster.restart(1))).to.equal('SYNOD_CORRUPT_JOURNAL');
    const client = await cluster.client();
    expect(await client.get('key-1')).to.equal('a value that is 1');
    expect(await client.put('key-1', 'new')).to.equal('aborted');
  });

  it('does not open the folder of another protocol or number of nodes', async () => {
    await fill();
    expect(await codeOf(createCluster({ ...options, nodes: 4, dataDir: folder }))).to.equal(
      'SYNOD_WRONG_FOLDER',
    );
    const other = createCluster({ protocol: 'paxos', nodes: 3, application: [], dataDir: folder });
    expect(await codeOf(other)).to.equal('SYNOD_WRONG_FOLDER');
  });

  it('takes in a follower while clients commit, which then has everything and a vote', async () => {
    await fill();
    {
      await using cluster = await createCluster({ ...options, dataDir: folder });
      const client = await cluster.client();
      const state = { isOver: false };
      let committed = 0;
      const work = (async () => {
        while (!state.isOver) if ((await client.put(`new-${committed}`, 'x')) === 'committed') committed += 1;
      })();
      expect(await cluster.addNode()).to.equal(3);
      const before = committed;
      while (committed < before + 10) await new Promise((resolve) => setImmediate(resolve));
      state.isOver = true;
      await work;
      await cluster.settled();
      const stores = await Promise.all([1, 2, 3].map((node) => cluster.store(node)));
      expect(stores[2]).to.have.length(200 + committed);
      expect(stores[2]).to.deep.equal(stores[0]).and.to.deep.equal(stores[1]);
      await cluster.crash(3);
      expect(await client.put('a', '1'), 'without its vote').to.equal('aborted');
    }
    await using cluster = await createCluster({ ...options, dataDir: folder });
    expect(cluster.nodes).to.deep.equal([0, 1, 2, 3]);
    expect((await cluster.status()).nodes.map(({ role }) => role)).to.deep.equal([
      'leader',
      'follower',
      'follower',
      'follower',
    ]);
    expect(await (await cluster.client()).put('a', '1')).to.equal('committed');
  });

  it('runs in the memory of its nodes, without a file: followers learn anew, the leader does not come back', async () => {
    await using cluster = await createCluster({ ...options, journal: 'memory' });
    const client = await cluster.client();
    expect(await client.put('a', '1')).to.equal('committed');
    expect(await client.get('a')).to.equal('1');
    await cluster.crash(1);
    await cluster.restart(1);
    await cluster.settled();
    expect(await cluster.store(1)).to.deep.equal([['a', '1']]);
    expect(await client.put('a', '2')).to.equal('committed');
    await cluster.crash(0);
    expect(await codeOf(client.put('a', '2', { timeoutMs: 50 }))).to.equal('SYNOD_NO_LEADER');
    expect(await codeOf(cluster.restart(0))).to.equal('SYNOD_LEADER_FORGOT');
  });

  it('is refused a number of nodes that makes no sense', async () => {
    for (const nodes of [0, 1, 2.5])
      expect(await codeOf(createCluster({ protocol: '2pc', nodes }))).to.equal('SYNOD_BAD_OPTION');
  });

  it('tells calls of a closed cluster so', async () => {
    const cluster = await createCluster({ ...options, dataDir: folder });
    const client = await cluster.client();
    const transaction = client.begin();
    transaction.put('a', '1');
    await cluster[Symbol.asyncDispose]();
    for (const work of [client.put('a', '1'), client.get('a'), transaction.commit(), cluster.client()])
      expect(await codeOf(work)).to.equal('SYNOD_CLOSED');
  });
});

describe('a simulated cluster of two-phase commit', () => {
  it('obeys orders for votes, and says when a follower does not hear them', async () => {
    const { cluster, world } = createSimulatedCluster({ protocol: '2pc', nodes: 3, seed: 1 });
    await using _ = cluster;
    await world.runWhile(cluster.start(), 1000);
    const client = await cluster.client();
    await world.runWhile(cluster.voteNo(1), 1000);
    expect(await world.runWhile(client.put('a', '1'), 1000)).to.equal('aborted');
    await world.runWhile(cluster.delayVote(2, 100), 1000);
    const startMs = world.clock.now();
    expect(await world.runWhile(client.put('a', '1'), 1000)).to.equal('committed');
    expect(world.clock.now() - startMs).to.be.within(100, 150);
    world.linkOneWay('2', 'clients', false);
    expect(await codeOf(world.runWhile(cluster.voteNo(2), 5000))).to.equal('SYNOD_TIMEOUT');
  });

  it('settles by state: at rest, blocked, and at rest again', async () => {
    const { cluster, world } = createSimulatedCluster({ protocol: '2pc', nodes: 4, seed: 1 });
    await using _ = cluster;
    await world.runWhile(cluster.start(), 1000);
    const client = await cluster.client();
    cluster.crashBefore(0, 'COMMIT');
    expect(await world.runWhile(client.put('a', '1'), 1000)).to.equal('committed');
    await world.runWhile(cluster.settled(), 5000);
    expect((await world.runWhile(cluster.status(), 1000)).nodes.map(({ pending }) => pending)).to.deep.equal([
      undefined,
      1,
      1,
      1,
    ]);
    expect(await world.runWhile(cluster.canRead('a'), 1000)).to.equal(false);
    expect(await world.runWhile(cluster.canRead('b'), 1000)).to.equal(true);
    await world.runWhile(cluster.restart(0), 1000);
    await world.runWhile(cluster.settled(), 5000);
    for (const node of [1, 2, 3])
      expect(await world.runWhile(cluster.store(node), 1000)).to.deep.equal([['a', '1']]);
  });

  it('has a leader that says END when something has ended, and not before', async () => {
    const { cluster, world } = createSimulatedCluster({ protocol: '2pc', nodes: 3, seed: 1 });
    await using _ = cluster;
    await world.runWhile(cluster.start(), 1000);
    cluster.crashBefore(0, 'END');
    await world.run(world.clock.now() + 500);
    expect(cluster.isUp(0)).to.equal(true);
    const client = await cluster.client();
    expect(await world.runWhile(client.put('a', '1'), 1000)).to.equal('committed');
    await world.runWhile(cluster.settled(), 5000);
    expect(cluster.isUp(0)).to.equal(false);
    await world.runWhile(cluster.restart(0), 1000);
    await world.runWhile(cluster.settled(), 5000);
    // What a new life has to say of those before it has said.
    cluster.crashBefore(0, 'END');
    await world.run(world.clock.now() + 500);
    expect(cluster.isUp(0)).to.equal(true);
  });

  it('gives the same run for the same seed', async () => {
    const run = async (seed: number) => {
      const { cluster, world } = createSimulatedCluster({ protocol: '2pc', nodes: 3, seed });
      await using _ = cluster;
      await world.runWhile(cluster.start(), 1000);
      const client = await cluster.client();
      await world.runWhile(Promise.all(['a', 'b', 'a'].map((key) => client.put(key, key))), 1000);
      return world.clock.now();
    };
    expect(await run(5)).to.equal(await run(5));
    expect(await run(5)).not.to.equal(await run(6));
  });
});
