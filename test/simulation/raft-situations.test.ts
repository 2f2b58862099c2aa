import { expect } from 'chai';
import { seededRandom } from '../../actors/random.ts';
import type { TraceRecord } from '../../actors/simulated/index.ts';
import type { RaftSettings } from '../../machines/raft/settings.ts';
import { raftLog } from '../../src/simulation/protocols/raft/raft-log.ts';
import { WatchedCluster } from '../../src/simulation/protocols/replicated-log/watched-cluster.ts';
import { others, part, type RaftScene, raftOf, Writer } from './support/raft-scene.ts';

// Everything that a simulated cluster watches (agreement.ts) is watched here, too.

/** Longer than any election takes: without a majority, nobody leads after it. */
const LONG_MS = 1000;

/** So small that snapshots happen often. */
const SMALL: Partial<RaftSettings> = {
  slotBytesMax: 200,
  logKeptBytes: 500,
  catchUpBytesMax: 400,
  writeBehindMs: 10,
  snapshotIdleMs: 200,
};

/** Counts messages between nodes, by type. */
class MessageCount {
  readonly #counts = new Map<string, number>();

  readonly trace = (record: TraceRecord): void => {
    if (record.event !== 'deliver' || record.from === 'clients' || record.to === 'clients') return;
    for (const type of record.messages) this.#counts.set(type, this.of(type) + 1);
  };

  of(type: string): number {
    return this.#counts.get(type) ?? 0;
  }

  reset(): void {
    this.#counts.clear();
  }
}

async function leaderAmong(scene: RaftScene, nodes: readonly number[]): Promise<number> {
  const untilMs = scene.simulated.host.clock.now() + LONG_MS;
  while (scene.simulated.host.clock.now() < untilMs) {
    await scene.simulated.run(10);
    const { leader } = await scene.simulated.runWhile(scene.simulated.cluster.status(), 1000);
    if (leader !== undefined && nodes.includes(leader)) return leader;
  }
  throw new Error(`none of ${nodes} leads`);
}

describe('elections of Raft', () => {
  it('have one winner at the start, who goes on', async () => {
    for (const nodes of [1, 2, 3, 5, 7]) {
      await using scene = await raftOf({ nodes });
      await scene.simulated.run(LONG_MS);
      expect(scene.memory.reigns, `${nodes} nodes`).to.deep.equal([{ number: 1, leader: '0' }]);
    }
  });

  it('have a winner also when the one that should lead first never comes', async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const memory = raftLog.memory();
      await using simulated = new WatchedCluster({
        protocol: raftLog,
        seed,
        nodes: 3,
        instruments: [memory.instrument],
      });
      await simulated.host.start(['1', '2']);
      await simulated.run(3 * LONG_MS);
      expect(memory.reigns, `seed ${seed}`).to.have.length(1);
    }
  });

  it('follow when the leader is cut off; nobody leads without a majority', async () => {
    for (let seed = 1; seed <= 10; seed++) {
      await using scene = await raftOf({ seed });
      const { simulated, memory } = scene;
      await scene.isolate(0, true);
      const second = await leaderAmong(scene, [1, 2]);
      await scene.isolate(0, false);
      await simulated.run(LONG_MS);
      expect(memory.reigns, `seed ${seed}: the first comes back`).to.have.length(2);

      await part(scene, [second], others(scene, second));
      await part(scene, [0], others(scene, 0, second));
      await simulated.run(LONG_MS);
      const { leader } = await simulated.runWhile(simulated.cluster.status(), 1000);
      expect(leader, `seed ${seed}: no majority`).to.equal(undefined);
      expect(memory.reigns).to.have.length(2);

      for (const node of simulated.cluster.nodes) await scene.isolate(node, false);
      await leaderAmong(scene, simulated.cluster.nodes);
      await scene.put('key');
    }
  });

  it('have one winner each, however many there are', async () => {
    await using scene = await raftOf({ seed: 3, nodes: 7 });
    const random = seededRandom(7);
    for (let round = 0; round < 20; round++) {
      const away = new Set<number>();
      while (away.size < 3) away.add(random.integer(0, 6));
      for (const node of away) await scene.isolate(node, true);
      await leaderAmong(scene, others(scene, ...away));
      for (const node of away) await scene.isolate(node, false);
      await leaderAmong(scene, scene.simulated.cluster.nodes);
    }
    const terms = scene.memory.reigns.map(({ number }) => number);
    expect(terms).to.deep.equal([...new Set(terms)].sort((a, b) => a - b));
  });
});

describe('agreement of Raft', () => {
  it('goes on while a follower is away, which then catches up', async () => {
    await using scene = await raftOf({});
    const writer = new Writer(scene);
    await scene.isolate(2, true);
    writer.write(20);
    await writer.done(500);
    await scene.isolate(2, false);
    expect(await writer.onEveryNode()).to.deep.equal(Array.from({ length: 3 }, () => writer.expected));
    expect(scene.memory.reigns).to.have.length(1);
  });

  it('does not come without a majority, and comes with it', async () => {
    await using scene = await raftOf({ nodes: 5 });
    const { simulated } = scene;
    const writer = new Writer(scene);
    writer.write();
    await writer.done();
    const decided = simulated.agreement.decided;
    await part(scene, [0, 1], [2, 3, 4]);
    await part(scene, [2], [3, 4]);
    await part(scene, [3], [4]);
    writer.write(5);
    await simulated.run(3 * LONG_MS);
    expect(simulated.agreement.decided).to.equal(decided);
    for (const node of simulated.cluster.nodes) await scene.isolate(node, false);
    await writer.done();
    expect(await writer.onEveryNode()).to.deep.equal(Array.from({ length: 5 }, () => writer.expected));
  });

  it('comes for what several clients ask for at one moment, in their order', async () => {
    await using scene = await raftOf({});
    const { simulated } = scene;
    const clients = [scene.client];
    for (let more = 0; more < 4; more++) {
      clients.push(await simulated.runWhile(simulated.cluster.client(), 1000));
    }
    const writers = clients.map((client) => new Writer({ ...scene, client }));
    for (let turn = 0; turn < 20; turn++) for (const writer of writers) writer.write();
    for (const writer of writers) await writer.done(1000);
    const [whole = []] = await writers[0]!.onEveryNode();
    expect(whole).to.have.length(100);
    clients.forEach(({ name }, index) => {
      expect(whole.filter(([author]) => author === name)).to.deep.equal(writers[index]!.expected);
    });
  });

  it('replaces what a leader wrote while it was cut off', async () => {
    for (let seed = 1; seed <= 10; seed++) {
      await using scene = await raftOf({ seed });
      const { simulated, memory } = scene;
      const writer = new Writer(scene);
      writer.write();
      await writer.done();
      // Both of its followers are gone, the clients are not.
      await scene.isolate(0, true);
      writer.write(5);
      await simulated.run(20);
      expect(memory.servers.get('0')!.log.entries.length).to.be.above(memory.servers.get('0')!.commit);
      const second = await leaderAmong(scene, [1, 2]);
      writer.write(5);
      await writer.done();
      // Now the first is back, and the second gone with entries of its own.
      await part(scene, [second], others(scene, second));
      writer.write(5);
      await simulated.run(20);
      await part(scene, [0], others(scene, 0, second), false);
      await leaderAmong(scene, others(scene, second));
      await writer.done();
      await scene.isolate(second, false);
      expect(await writer.onEveryNode(), `seed ${seed}`).to.deep.equal(
        Array.from({ length: 3 }, () => writer.expected),
      );
    }
  });

  it('backs up over many wrong entries in few steps', async () => {
    const count = new MessageCount();
    await using scene = await raftOf({ nodes: 5, settings: { slotBytesMax: 1 }, trace: count.trace });
    const { simulated } = scene;
    const writer = new Writer(scene);
    writer.write();
    await writer.done();
    // A leader with one follower: what they write is worth nothing.
    await part(scene, [0, 1], [2, 3, 4]);
    for (let turn = 0; turn < 60; turn++) {
      writer.write();
      await simulated.run(1);
    }
    const lost = scene.memory.servers.get('1')!.log.entries.length;
    expect(lost).to.be.above(40);
    const second = await leaderAmong(scene, [2, 3, 4]);
    await writer.done();
    for (let turn = 0; turn < 60; turn++) {
      writer.write();
      await writer.done();
    }
    // The next leader knows of none where the logs meet: it begins at its end.
    for (const node of [0, 1, second]) await simulated.cluster.crash(node);
    await part(scene, [0, 1], [2, 3, 4], false);
    count.reset();
    for (const node of [0, 1]) await simulated.runWhile(simulated.cluster.restart(node), 1000);
    await leaderAmong(scene, [2, 3, 4]);
    await simulated.runWhile(simulated.cluster.restart(second), 1000);
    expect(await writer.onEveryNode()).to.deep.equal(Array.from({ length: 5 }, () => writer.expected));
    expect(count.of('mismatched')).to.be.within(2, 8);
  });
});

describe('the messages of Raft', () => {
  it('are no more than a command needs', async () => {
    const count = new MessageCount();
    await using scene = await raftOf({ trace: count.trace });
    await scene.put('first');
    await scene.simulated.run(100);
    count.reset();
    const COMMANDS = 50;
    for (let turn = 0; turn < COMMANDS; turn++) await scene.put(`key-${turn}`);
    for (const type of ['appendEntries', 'appended']) {
      expect(count.of(type), type).to.equal(2 * COMMANDS);
    }
    // Said again with a heartbeat as long as it was not heard.
    expect(count.of('commit')).to.be.at.most(2 * COMMANDS + count.of('heartbeat'));
    for (const type of ['probe', 'mismatched', 'requestVote', 'preVote', 'sendSnapshot', 'fetch']) {
      expect(count.of(type), type).to.equal(0);
    }
  });

  it('carry many commands of one moment together', async () => {
    const count = new MessageCount();
    await using scene = await raftOf({ trace: count.trace });
    const writer = new Writer(scene);
    await scene.simulated.run(100);
    count.reset();
    writer.write(500);
    await writer.done(100);
    expect(count.of('appendEntries')).to.be.at.most(10);
  });

  it('are heartbeats alone while nothing happens', async () => {
    const count = new MessageCount();
    await using scene = await raftOf({ trace: count.trace });
    await scene.put('key');
    await scene.simulated.run(200);
    count.reset();
    await scene.simulated.run(1500);
    const beats = 2 * 100;
    expect(count.of('heartbeat')).to.be.within(beats - 4, beats + 4);
    expect(count.of('heartbeatReply')).to.be.within(beats - 4, beats + 4);
    for (const type of ['appendEntries', 'appended', 'probe', 'commit', 'preVote', 'snapshotOffer']) {
      expect(count.of(type), type).to.equal(0);
    }
  });
});

describe('what Raft has said is done survives', () => {
  /** How the servers restart, each time after something was written. */
  const RESTARTS: Readonly<Record<string, (scene: RaftScene, turn: number) => Promise<void>>> = {
    'each server, one after the other': async (scene) => {
      for (const node of scene.simulated.cluster.nodes) await bounce(scene, [node], 300);
    },
    'all servers at once': (scene) => bounce(scene, scene.simulated.cluster.nodes, 50),
    'the leader alone': async (scene) =>
      bounce(scene, [await leaderAmong(scene, scene.simulated.cluster.nodes)], 10),
    'a majority, each time another one': (scene, turn) => bounce(scene, [turn % 3, (turn + 1) % 3], 300),
    'all, the last to go first': async (scene, turn) => {
      const nodes = scene.simulated.cluster.nodes.map((node) => (node + turn) % 3);
      for (const node of nodes) await scene.simulated.cluster.crash(node);
      for (const node of nodes.reverse()) await start(scene, node);
    },
  };

  async function start({ simulated }: RaftScene, node: number): Promise<void> {
    await simulated.runWhile(simulated.cluster.restart(node), 1000);
  }

  async function bounce(scene: RaftScene, nodes: readonly number[], awayMs: number): Promise<void> {
    for (const node of nodes) await scene.simulated.cluster.crash(node);
    await scene.simulated.run(awayMs);
    for (const node of nodes) await start(scene, node);
  }

  for (const [what, restart] of Object.entries(RESTARTS)) {
    it(`the restart of ${what}`, async () => {
      for (const settings of [{}, SMALL]) {
        await using scene = await raftOf({ settings, disk: { keptUnflushedProbability: 0.5 } });
        const writer = new Writer(scene);
        for (let turn = 0; turn < 6; turn++) {
          writer.write(5);
          if (turn % 2 === 0) await writer.done();
          await restart(scene, turn);
        }
        await writer.done();
        expect(await writer.onEveryNode()).to.deep.equal(Array.from({ length: 3 }, () => writer.expected));
      }
    });
  }

  for (const [network, lossProbability] of [
    ['a reliable network', 0],
    ['a network that loses, repeats and reorders', 0.1],
  ] as const) {
    // Figure 8 of the Raft paper: entries of older terms on a majority, and yet not committed.
    it(`leader after leader that dies soon after it wrote, over ${network}`, async function () {
      this.timeout(60_000);
      for (let seed = 1; seed <= 5; seed++) {
        const chaos = {
          lossProbability,
          duplicateProbability: lossProbability,
          reorderProbability: lossProbability,
        };
        await using scene = await raftOf({ seed, nodes: 5, settings: { uncommittedMax: 8 } });
        const { simulated } = scene;
        const { cluster } = simulated;
        const random = seededRandom(seed);
        const writer = new Writer(scene);
        simulated.host.changeNetwork(chaos);
        for (let turn = 0; turn < 60; turn++) {
          writer.write();
          // Now it has no time to spread what it wrote, now it has.
          await simulated.run(random.next() < 0.1 ? random.next() * 300 : random.next() * 4);
          const { leader } = await simulated.runWhile(cluster.status(), 1000);
          if (leader !== undefined && random.next() < 0.7) await cluster.crash(leader);
          const down = cluster.nodes.filter((node) => !cluster.isUp(node));
          if (down.length > 2) await start(scene, down[random.integer(0, down.length - 1)]!);
          if (down.length > 2) await simulated.run(random.next() * 200);
        }
        simulated.host.changeNetwork({ lossProbability: 0, duplicateProbability: 0, reorderProbability: 0 });
        for (const node of cluster.nodes) if (!cluster.isUp(node)) await start(scene, node);
        await writer.done(8000);
        expect(await writer.onEveryNode()).to.deep.equal(Array.from({ length: 5 }, () => writer.expected));
      }
    });

    it(`servers that come and go all the time, over ${network}`, async function () {
      this.timeout(60_000);
      for (let seed = 1; seed <= 5; seed++) {
        await using scene = await raftOf({ seed, nodes: 5, settings: SMALL });
        const { simulated } = scene;
        const { cluster } = simulated;
        const random = seededRandom(seed);
        const writer = new Writer(scene);
        simulated.host.changeNetwork({ lossProbability, duplicateProbability: lossProbability });
        for (let turn = 0; turn < 40; turn++) {
          writer.write(random.integer(1, 4));
          const node = random.integer(0, 4);
          if (random.next() < 0.3) await cluster.crash(node);
          if (random.next() < 0.3) await scene.isolate(node, random.next() < 0.6);
          if (random.next() < 0.5) await start(scene, random.integer(0, 4));
          await simulated.run(random.next() * 120);
        }
        simulated.host.changeNetwork({ lossProbability: 0, duplicateProbability: 0 });
        for (const node of cluster.nodes) {
          await start(scene, node);
          await scene.isolate(node, false);
        }
        await writer.done(8000);
        expect(await writer.onEveryNode()).to.deep.equal(Array.from({ length: 5 }, () => writer.expected));
      }
    });

    it(`snapshots to who was away, over ${network}`, async function () {
      this.timeout(60_000);
      for (let seed = 1; seed <= 5; seed++) {
        await using scene = await raftOf({ seed, settings: SMALL });
        const { simulated, memory } = scene;
        const { cluster } = simulated;
        const random = seededRandom(seed);
        const writer = new Writer(scene);
        for (let round = 0; round < 6; round++) {
          const away = random.integer(0, 2);
          await scene.isolate(away, true);
          writer.write(40);
          await writer.done(3000);
          await simulated.run(100);
          simulated.host.changeNetwork({ lossProbability, duplicateProbability: lossProbability });
          await scene.isolate(away, false);
          // Whoever takes it in, or sends it, may die in the midst of it.
          if (round % 3 === 1) await bounce(scene, [away], random.next() * 40);
          if (round % 3 === 2)
            await bounce(scene, [await leaderAmong(scene, cluster.nodes)], random.next() * 40);
          await simulated.run(random.next() * 60);
          if (round % 3 === 1) await bounce(scene, [away], random.next() * 40);
          await scene.settle(5000);
          simulated.host.changeNetwork({ lossProbability: 0, duplicateProbability: 0 });
        }
        expect(memory.snapshots.length, `seed ${seed}`).to.be.at.least(3);
        expect(await writer.onEveryNode()).to.deep.equal(Array.from({ length: 3 }, () => writer.expected));
      }
    });
  }
});
