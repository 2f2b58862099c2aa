import { expect } from 'chai';
import { raftOf, staleGet } from './support/raft-scene.ts';

describe('a leader of Raft', () => {
  it('keeps nothing of its rounds of heartbeats, also when it is alone', async () => {
    for (const nodes of [1, 3]) {
      await using scene = await raftOf({ nodes });
      await scene.simulated.run(2000);
      expect(scene.memory.servers.get('0')!.roundsMs.size, `${nodes} nodes`).to.be.at.most(2);
    }
  });
});

describe('a server of Raft that is down', () => {
  it('is sent heartbeats, and neither entries nor a snapshot', async () => {
    const dropped: string[] = [];
    await using scene = await raftOf({
      settings: { logKeptBytes: 500 },
      trace: (record) => {
        if (record.event === 'drop' && record.to === '2') dropped.push(...record.messages);
      },
    });
    const { simulated, memory } = scene;
    await simulated.cluster.crash(2);
    // A leader that has never heard of it.
    await simulated.cluster.crash(0);
    await simulated.runWhile(simulated.cluster.restart(0), 1000);
    for (let turn = 0; turn < 20; turn++) await scene.put(`key-${turn}`, 'x'.repeat(100));
    await simulated.run(1000);
    const leader = String(await scene.leader());
    expect(memory.servers.get(leader)!.log.base.index).to.be.above(0);
    dropped.length = 0;
    await simulated.run(3000);
    expect(new Set(dropped)).to.deep.equal(new Set(['heartbeat']));
    expect(memory.replicas.get(leader)!.sendingTo.size).to.equal(0);
  });
});

describe('a follower of Raft', () => {
  it('learns in peace what was committed while it restarted', async () => {
    // What it has applied is not on disk yet when it crashes: it knows of nothing that is committed.
    await using scene = await raftOf({ settings: { writeBehindMs: 60_000 } });
    await scene.put('key', 'value');
    await scene.settle();
    await scene.simulated.cluster.crash(2);
    await scene.simulated.runWhile(scene.simulated.cluster.restart(2), 1000);
    await scene.settle(500);
    expect(await staleGet(scene, 2, 'key')).to.equal('value');
    expect(scene.memory.reigns).to.have.length(1);
  });

  it('answers in peace after a restart, when it had all on disk', async () => {
    await using scene = await raftOf({});
    await scene.put('key', 'value');
    await scene.simulated.run(200);
    expect(scene.memory.leftovers()).to.deep.equal({});
    await scene.simulated.cluster.crash(2);
    await scene.simulated.runWhile(scene.simulated.cluster.restart(2), 1000);
    expect(await staleGet(scene, 2, 'key')).to.equal('value');
  });

  it('learns in peace what was committed as it was cut off', async () => {
    await using scene = await raftOf({});
    const { simulated } = scene;
    const hearOthers = (connected: boolean) => {
      for (const other of ['0', '1']) simulated.host.linkOneWay(other, '2', connected);
    };
    let cut = false;
    // It has the entry, and the leader knows; but not the news that it is committed.
    simulated.host.inspect((event) => {
      if (event.type !== '@xstate.action' || event.action.type !== 'takeEntries') return;
      if (event.actorRef.node !== '2' || cut) return;
      cut = true;
      simulated.host.clock.soon(() => hearOthers(false));
    });
    await scene.put('key', 'value');
    expect(cut).to.equal(true);
    await simulated.run(250);
    expect(scene.memory.servers.get('2')!.commit).to.be.below(scene.memory.servers.get('0')!.commit);
    hearOthers(true);
    await scene.settle(500);
    expect(scene.memory.reigns).to.have.length(1);
  });
});
