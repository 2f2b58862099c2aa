import { expect } from 'chai';
import { type FollowerStage, stageWithFollowers, stageWithLeader, transactionsOf } from 'synod/mocha';

const WRITE_A = { writes: [['a', '1']] } as const;

/** How a put went, in the world of a stage. */
const put = (stage: FollowerStage, key: string, value: string) =>
  stage.run(stage.cluster.client().then((client) => client.put(key, value)));

it('a double says what it has heard where what a test waits for does not come', async () => {
  await using stage = await stageWithLeader({ followers: 1, seed: 1 });
  const { leader } = stage;
  await leader.prepare(leader.group([1], { conditions: [['a', 'x']] }));
  const late = await leader.hears('VOTE-YES').catch((error: Error) => error.message);
  expect(late).to.match(/node 0 has not heard VOTE-YES within 10000 ms; it has heard VOTE-NO of 1/);
});

for (const [where, seed] of [
  ['on threads', undefined],
  ['in virtual time', 1],
] as const) {
  const world = seed === undefined ? {} : { seed };

  describe(`a leader that the test plays, ${where}`, () => {
    it('has its followers vote, tells them the decision, and hears that they know', async () => {
      await using stage = await stageWithLeader({ followers: 2, ...world });
      const { leader, cluster } = stage;
      const group = leader.group([1, 2], WRITE_A, { conditions: [['a', 'x']], writes: [['b', '2']] });
      await leader.prepare(group);
      for (const node of [1, 2]) {
        const { refused } = await leader.hears('VOTE-YES', node);
        expect(refused).to.deep.equal([[1, 'condition']]);
      }
      await leader.commit(group, [1, 2], [1]);
      for (const node of [1, 2]) {
        await leader.hears('ACK', node);
        expect(await stage.run(cluster.store(node))).to.deep.equal([['a', '1']]);
      }
      await leader.end(group);
    });

    it('hears no from a follower that cannot, and that one stays with it', async () => {
      await using stage = await stageWithLeader({ followers: 1, ...world });
      const { leader } = stage;
      const group = leader.group([1], { conditions: [['a', 'x']], writes: [['a', 'y']] });
      await leader.prepare(group);
      expect((await leader.hears('VOTE-NO')).refused).to.deep.equal([[0, 'condition']]);
      await leader.prepare(group);
      await leader.hears('VOTE-NO');
      await leader.abort(group);
      await leader.hears('ACK');
    });

    it('is asked by a follower that was killed after its vote, and its answer counts', async () => {
      await using stage = await stageWithLeader({ followers: 1, ...world });
      const { leader, cluster } = stage;
      const group = leader.group([1], WRITE_A);
      await leader.prepare(group);
      await leader.hears('VOTE-YES');
      await stage.run(cluster.crash(1));
      await stage.run(cluster.restart(1));
      const question = await leader.hears('DECISION-REQ');
      expect(question.group).to.equal(group.id);
      expect(await stage.run(cluster.canRead('a'))).to.equal(false);
      await leader.admitUncertainty(question);
      await leader.hears('DECISION-REQ');
      await leader.commit(group);
      await leader.hears('ACK');
      expect(await stage.run(cluster.store(1))).to.deep.equal([['a', '1']]);
    });

    it('may be silent: its followers ask one another, and whoever was never asked aborts', async () => {
      await using stage = await stageWithLeader({ followers: 2, ...world });
      const { leader, cluster } = stage;
      const group = leader.group([1, 2], WRITE_A);
      await leader.prepare(group, [1]);
      await leader.hears('VOTE-YES', 1);
      await leader.hears('ACK', 1);
      expect(await stage.run(cluster.store(1))).to.deep.equal([]);
      // Too late: it has promised.
      await leader.prepare(group, [2]);
      await leader.hears('VOTE-NO', 2);
    });

    it('sees a follower that dies right after any message', async () => {
      await using stage = await stageWithLeader({ followers: 1, ...world });
      const { leader, cluster } = stage;
      const group = leader.group([1], WRITE_A);
      cluster.crashAfter(1, 'VOTE-YES');
      await leader.prepare(group);
      await leader.hears('VOTE-YES');
      while (cluster.isUp(1)) await stage.pause(5);
      await stage.run(cluster.restart(1));
      await leader.hears('DECISION-REQ');
      await leader.abort(group);
      await leader.hears('ACK');
    });
  });

  describe(`followers that the test plays, ${where}`, () => {
    it('vote yes, hear the decision, and are told it again until they acknowledge it', async () => {
      await using stage = await stageWithFollowers({ followers: 2, ...world });
      const { followers, cluster } = stage;
      const outcome = stage.cluster.client().then((client) => client.put('a', '1'));
      for (const follower of followers) {
        const request = await follower.hears('VOTE-REQ');
        expect(transactionsOf(request)).to.deep.equal([{ reads: [], conditions: [], writes: [['a', '1']] }]);
        await follower.voteYes(request);
      }
      expect(await stage.run(outcome)).to.equal('committed');
      const [first, second] = followers;
      await first!.acknowledge(await first!.hears('COMMIT'));
      await second!.hears('COMMIT');
      await second!.acknowledge(await second!.hears('COMMIT'));
      while ((await stage.run(cluster.status())).nodes[0]?.pending !== 0) await stage.pause(5);
    });

    it('vote no, and all is aborted', async () => {
      await using stage = await stageWithFollowers({ followers: 2, ...world });
      const [first, second] = stage.followers;
      const outcome = stage.cluster.client().then((client) => client.put('a', '1'));
      await first!.voteYes(await first!.hears('VOTE-REQ'));
      await second!.voteNo(await second!.hears('VOTE-REQ'));
      expect(await stage.run(outcome)).to.equal('aborted');
      await first!.acknowledge(await first!.hears('ABORT'));
    });

    it('stay silent, which counts for no, and a late yes does not help', async () => {
      await using stage = await stageWithFollowers({ followers: 2, played: [2], ...world });
      const [silent] = stage.followers;
      expect(await put(stage, 'a', '1')).to.equal('aborted');
      await silent!.voteYes(await silent!.hears('VOTE-REQ'));
      await silent!.acknowledge(await silent!.hears('ABORT'));
    });

    it('answer a little late', async () => {
      await using stage = await stageWithFollowers({ followers: 1, ...world });
      const [follower] = stage.followers;
      const outcome = stage.cluster.client().then((client) => client.put('a', '1'));
      const request = await follower!.hears('VOTE-REQ');
      await stage.pause(100);
      await follower!.voteYes(request);
      expect(await stage.run(outcome)).to.equal('committed');
    });

    it('behave well beside others until they do not, and may be killed', async () => {
      await using stage = await stageWithFollowers({ followers: 3, played: [2, 3], ...world });
      for (const follower of stage.followers) await follower.behaveWell();
      expect(await put(stage, 'a', '1')).to.equal('committed');
      await stage.followers[0]!.behaveWell(false);
      expect(await put(stage, 'a', '2')).to.equal('aborted');
      await stage.followers[0]!.behaveWell();
      await stage.run(stage.cluster.crash(3));
      expect(await put(stage, 'a', '3')).to.equal('aborted');
    });

    it('are asked for the decision when the leader dies, and tell it', async () => {
      await using stage = await stageWithFollowers({ followers: 2, played: [2], ...world });
      const [follower] = stage.followers;
      const { cluster } = stage;
      const outcome = cluster.client().then((client) => client.put('a', '1'));
      await follower!.hears('VOTE-REQ');
      await stage.run(cluster.crash(0));
      await stage.run(outcome.catch(() => undefined));
      const question = await follower!.hears('DECISION-REQ', 1);
      await follower!.answer(question, 'UNCERTAIN');
      expect(await stage.run(cluster.canRead('a'))).to.equal(false);
      await follower!.answer(await follower!.hears('DECISION-REQ', 1), 'ABORT');
      while (!(await stage.run(cluster.canRead('a')))) await stage.pause(5);
      expect(await stage.run(cluster.store(1))).to.deep.equal([]);
    });

    it('ask for decisions themselves', async () => {
      await using stage = await stageWithFollowers({ followers: 2, played: [2], ...world });
      const [follower] = stage.followers;
      const outcome = stage.cluster.client().then((client) => client.put('a', '1'));
      const { group } = await follower!.hears('VOTE-REQ');
      await follower!.askDecision(group);
      await follower!.hears('UNCERTAIN', 0);
      await follower!.askDecision(group, 1);
      await follower!.hears('UNCERTAIN', 1);
      expect(await stage.run(outcome)).to.equal('aborted');
      // Once it has heard it: a question that comes with the answer may have to be asked again.
      while (!(await stage.run(stage.cluster.canRead('a')))) await stage.pause(5);
      await follower!.askDecision(group, 1);
      await follower!.hears('ABORT', 1);
    });
  });
}
