import { expect } from 'chai';
import { PaxosCommitWorld } from './support/paxos-commit/paxos-commit-world.ts';
import { TwoPhaseWorld } from './support/two-phase/two-phase-world.ts';

type World = PaxosCommitWorld | TwoPhaseWorld;

/** Both followers have voted yes, and the leader dies before it hears of it: nobody has decided. */
async function leaderDiesAfterTheVotes(world: World) {
  await world.start();
  await world.runWhile(world.attempt('a', { writes: [['x', 'before']] }), 1000);
  await world.settle();
  for (const follower of world.followers) world.host.linkOneWay(follower, '0', false);
  const outcome = world.attempt('a', { writes: [['x', 'after']] });
  const areReady = async () => {
    const reports = [...(await world.reports()).values()];
    const undecided = reports.flatMap((report) => ('undecided' in report ? report.undecided : []));
    return undecided.length === 2 && undecided.every(({ state }) => state === 'ready');
  };
  while (!(await areReady())) world.check();
  await world.kill('0');
  for (const follower of world.followers) world.host.linkOneWay(follower, '0', true);
  const read = world.client('b').read(['x'], '1');
  return { outcome, read };
}

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const pending = {};
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
}

describe('when the leader dies after the votes', function () {
  this.timeout(20_000);

  it('two-phase commit blocks: who has voted holds its keys until the leader is back', async () => {
    await using world = new TwoPhaseWorld();
    const { outcome, read } = await leaderDiesAfterTheVotes(world);
    await world.run(60_000);
    expect(await isSettled(outcome)).to.equal(false);
    expect(await isSettled(read)).to.equal(false);
    await world.restart('0');
    expect((await world.runWhile(outcome, 2000))[1]).to.equal('unknown');
    const [[, value] = []] = await world.runWhile(read, 2000);
    expect(value).to.equal('before');
  });

  it('Paxos Commit goes on: another leads, and finds that all have voted yes', async () => {
    await using world = new PaxosCommitWorld();
    const { outcome, read } = await leaderDiesAfterTheVotes(world);
    const [, what, version] = await world.runWhile(outcome, 1000);
    expect(what).to.equal('committed');
    expect(await world.runWhile(read, 1000)).to.deep.equal([[version, 'after']]);
    expect(world.host.running).to.deep.equal(['1', '2']);
    const next = world.attempt('a', { writes: [['x', 'and on']] });
    expect((await world.runWhile(next, 1000))[1]).to.equal('committed');
  });
});
