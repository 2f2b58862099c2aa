import { expect } from 'chai';
import type { PaxosSettings } from '../../machines/paxos/settings.ts';
import type { RaftSettings } from '../../machines/raft/settings.ts';
import type { ProtocolName } from '../../src/cluster/protocols.ts';
import { openKeyValueStore } from '../../src/key-value-store.ts';
import { type LedgerEntry, ledger } from '../../src/simulation/protocols/replicated-log/ledger.ts';
import { type Scene, sceneOf } from './support/scene.ts';

const PROTOCOLS: readonly ProtocolName[] = ['paxos', 'raft'];

/** So small that who was away for a while needs a snapshot. */
const SHORT_MEMORY: Partial<PaxosSettings & RaftSettings> = {
  decisionBytesMax: 2000,
  logKeptBytes: 2000,
  catchUpBytesMax: 1000,
  writeBehindMs: 10,
};

for (const protocol of PROTOCOLS) {
  describe(`a simulated cluster of ${protocol}`, () => {
    const sceneWith = (
      seed: number,
      nodes: number,
      settings?: Partial<PaxosSettings & RaftSettings>,
    ): Promise<Scene> => sceneOf({ protocol, seed, nodes, ...(settings === undefined ? {} : { settings }) });

    it('keeps its leader when nothing happens', async () => {
      await using scene = await sceneWith(1, 5);
      await scene.simulated.run(5000);
      expect(scene.memory.reigns).to.deep.equal([{ number: 1, leader: '0' }]);
    });

    it('has a new leader soon after the old one died, and goes on', async () => {
      for (let seed = 1; seed <= 10; seed++) {
        await using scene = await sceneWith(seed, 3);
        const { simulated } = scene;
        await scene.put('before');
        await simulated.cluster.crash(0);
        const diedMs = simulated.host.clock.now();
        await scene.put('after');
        expect(simulated.host.clock.now() - diedMs, `seed ${seed}`).to.be.below(400);
      }
    });

    it('is not disturbed by a follower that was cut off and comes back', async () => {
      for (let seed = 1; seed <= 10; seed++) {
        await using scene = await sceneWith(seed, 3);
        await scene.isolate(2, true);
        await scene.put('meanwhile');
        await scene.simulated.run(1000);
        await scene.isolate(2, false);
        await scene.simulated.run(1000);
        expect(scene.memory.reigns, `seed ${seed}`).to.have.length(1);
        await scene.simulated.runWhile(scene.simulated.cluster.settled(), 1000);
      }
    });

    it('is not disturbed by a former leader that was cut off and comes back', async () => {
      for (let seed = 1; seed <= 20; seed++) {
        await using scene = await sceneWith(seed, 3);
        await scene.isolate(0, true);
        await scene.put('meanwhile');
        await scene.simulated.run(500);
        const reigns = scene.memory.reigns.length;
        const leader = await scene.leader();
        expect(leader).to.not.equal(0);
        await scene.isolate(0, false);
        await scene.simulated.run(1000);
        expect(scene.memory.reigns, `seed ${seed}`).to.have.length(reigns);
        expect(await scene.leader()).to.equal(leader);
      }
    });

    it('works on when only one node sees the two halves', async () => {
      for (let seed = 1; seed <= 5; seed++) {
        await using scene = await sceneWith(seed, 5);
        const { simulated, memory } = scene;
        for (const a of [0, 1]) for (const b of [3, 4]) await simulated.cluster.disconnect(a, b);
        for (let turn = 0; turn < 20; turn++) await scene.put(`key-${turn}`);
        const reigns = memory.reigns.length;
        await simulated.run(2000);
        expect(memory.reigns.length - reigns, `seed ${seed}: reigns in peace`).to.equal(0);
      }
    });

    it('serves a client whose node is cut off from the others, even while its status is looked at', async () => {
      await using scene = await sceneWith(1, 3);
      const { simulated } = scene;
      await scene.isolate(0, true);
      let looking = true;
      const look = async () => {
        while (looking) {
          await simulated.cluster.status();
          await new Promise<void>((resolve) => simulated.host.clock.after(50, resolve));
        }
      };
      const looked = look();
      await scene.put('key');
      const value = await simulated.runWhile(openKeyValueStore(scene.client).get('key'), 3000);
      expect(value).to.equal('value');
      looking = false;
      await simulated.runWhile(looked, 3000);
    });

    it('brings a replica that was away for long back by a snapshot, again and again', async () => {
      await using scene = await sceneWith(2, 3, SHORT_MEMORY);
      const { simulated, memory } = scene;
      for (let round = 1; round <= 3; round++) {
        await scene.isolate(2, true);
        for (let turn = 0; turn < 60; turn++) await scene.put(`key-${round}-${turn}`, 'x'.repeat(100));
        await simulated.run(100);
        await scene.isolate(2, false);
        await simulated.runWhile(simulated.cluster.settled(), 1500);
        expect(memory.snapshots.filter((node) => node === '2').length, `round ${round}`).to.be.at.least(
          round,
        );
      }
    });

    it('answers those who wait from a snapshot as soon as it is in force', async () => {
      await using scene = await sceneWith(2, 3, {
        ...SHORT_MEMORY,
        // Nothing comes after the snapshot.
        decisionBytesMax: 0,
        logKeptBytes: 0,
        snapshotIdleMs: 100,
      });
      const { simulated, memory, client } = scene;
      await scene.isolate(2, true);
      const entries = Array.from({ length: 60 }, (_, index): LedgerEntry => [client.name, index + 1]);
      for (const entry of entries) await simulated.runWhile(client.execute(ledger, entry), 1000);
      await simulated.run(500);
      const news = client.follow(ledger, null, 0, 2);
      await scene.isolate(2, false);
      await scene.settle(700);
      expect(memory.snapshots).to.include('2');
      // Before it asks again.
      expect(await simulated.runWhile(news, 20)).to.deep.equal({ answer: entries, version: 60 });
    });

    it('lets go of everything that is done with', async () => {
      await using scene = await sceneWith(4, 3);
      const { simulated, memory, client } = scene;
      const entries = Array.from({ length: 500 }, (_, index): LedgerEntry => [client.name, index + 1]);
      await simulated.runWhile(Promise.all(entries.map((entry) => client.execute(ledger, entry))), 3000);
      await simulated.run(500);
      await simulated.runWhile(client.query(ledger, null), 1000);
      await simulated.run(500);
      expect(memory.watched).to.equal(3);
      expect(memory.leftovers()).to.deep.equal({});
    });

    it('forgets reads that nobody can confirm, and answers them later', async () => {
      await using scene = await sceneWith(5, 3);
      const { simulated, memory, client } = scene;
      await simulated.cluster.crash(1);
      await simulated.cluster.crash(2);
      const reads = Array.from({ length: 20 }, () => client.query(ledger, null, { timeoutMs: 60_000 }));
      const answers = Promise.all(reads);
      await simulated.run(5000);
      expect(memory.readsAt('0')).to.be.at.most(1);
      expect(memory.replicas.get('0')!.unconfirmed.size).to.be.at.most(1);
      await simulated.runWhile(simulated.cluster.restart(1), 1000);
      expect(await simulated.runWhile(answers, 3000)).to.deep.equal(reads.map(() => []));
    });

    it('keeps the order of the calls of several clients at one moment', async () => {
      await using scene = await sceneWith(6, 3);
      const { simulated, client } = scene;
      const other = await simulated.runWhile(simulated.cluster.client(), 1000);
      const order = [client, other, client, other, other, client];
      const calls = order.map(({ name }, index): LedgerEntry => [name, index]);
      await simulated.runWhile(
        Promise.all(calls.map((entry, index) => order[index]!.execute(ledger, entry))),
        1000,
      );
      expect(await simulated.runWhile(client.query(ledger, null), 1000)).to.deep.equal(calls);
    });

    it('answers one who follows, also when the question or the news was lost', async () => {
      await using scene = await sceneWith(7, 3);
      const { simulated, client } = scene;
      simulated.host.changeNetwork({ clientLossProbability: 1 });
      const news = client.follow(ledger, null, 0, 0);
      await simulated.run(10);
      simulated.host.changeNetwork({ clientLossProbability: 0 });
      await simulated.runWhile(client.execute(ledger, [client.name, 1]), 1000);
      expect(await simulated.runWhile(news, 2000)).to.deep.equal({ answer: [[client.name, 1]], version: 1 });
    });
  });
}
