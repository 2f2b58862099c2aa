import { expect } from 'chai';
import { ANSWERS_FOR_OTHERS, FILLS_NOTHING, type PaxosCommitBug } from './support/paxos-commit/bugs.ts';
import { PaxosCommitWorld } from './support/paxos-commit/paxos-commit-world.ts';

const SETTINGS = { voteTimeoutMs: 400, decisionTimeoutMs: 50 };

async function until(world: PaxosCommitWorld, condition: () => Promise<boolean>): Promise<void> {
  const untilMs = world.host.clock.now() + 5000;
  while (!(await condition())) expect(world.host.clock.now()).to.be.below(untilMs);
}

/** How many groups a node is ready for, or waits to vote on. */
async function undecidedAt(world: PaxosCommitWorld, node: string): Promise<number> {
  const report = (await world.reports()).get(`${node}/participant`);
  return report !== undefined && 'undecided' in report ? report.undecided.length : -1;
}

async function startedWorld(bug?: PaxosCommitBug): Promise<PaxosCommitWorld> {
  const world = new PaxosCommitWorld({
    settings: SETTINGS,
    instruments: bug === undefined ? [] : [bug.instrument],
  });
  await world.start();
  await world.runWhile(world.attempt('a', { writes: [['x', 'before']] }), 1000);
  await world.settle();
  return world;
}

/**
 * Each vote is accepted where it was cast, and nowhere else. A leader finds one of the two, and says that the group has
 * aborted; the next leader finds the other one, too.
 */
async function votesComeToLightOneByOne(world: PaxosCommitWorld): Promise<void> {
  const { host } = world;
  for (const [from, to] of [
    ['1', '0'],
    ['2', '0'],
    ['1', '2'],
    ['2', '1'],
  ] as const) {
    host.linkOneWay(from, to, false);
  }
  void world.attempt('a', { writes: [['x', 'after']] });
  await until(
    world,
    async () => (await undecidedAt(world, '1')) === 1 && (await undecidedAt(world, '2')) === 1,
  );
  await world.kill('2');
  await world.kill('0');
  for (const from of ['1', '2']) for (const to of ['0', '1', '2']) host.linkOneWay(from, to, true);
  await world.restart('0');
  // It is told before the acceptors let go of what is decided.
  const told = () => world.decisions.isDecided(world.lastGroup());
  while (!told()) await world.step();
  await world.kill('0');
  await world.kill('1');
  await world.restart('2');
  await world.restart('0');
  await until(world, async () => (await undecidedAt(world, '2')) === 0);
  await world.restart('1');
  await world.settle();
  world.checkState();
}

/** A leader that has missed that it leads no more is asked about a group of the present one. */
async function aFormerLeaderIsAsked(world: PaxosCommitWorld): Promise<void> {
  const { host } = world;
  for (const other of ['1', '2']) await host.link('0', other, false);
  await until(world, async () => ['1', '2'].includes((await leaderAmong(world, ['1', '2'])) ?? ''));
  const leader = (await leaderAmong(world, ['1', '2']))!;
  const other = leader === '1' ? '2' : '1';
  await host.link('0', other, true);
  expect(await leaderAmong(world, ['0'])).to.equal('0');
  world.send(leader, 'participant', { type: 'delayVote', id: 1, ms: 200 });
  await world.run(5);
  host.linkOneWay('clients', '0', false);
  const outcome = world.attempt('b', { writes: [['x', 'after']] });
  await world.runWhile(outcome, 2000);
  expect((await outcome)[1]).to.equal('committed');
  host.linkOneWay('clients', '0', true);
  await host.link('0', leader, true);
  await world.settle();
  world.checkState();
}

/** Who these say leads, where they agree. */
async function leaderAmong(world: PaxosCommitWorld, nodes: readonly string[]): Promise<string | undefined> {
  const reports = await world.reports();
  const leaders = nodes.map((node) => {
    const report = reports.get(`${node}/coordinator`);
    return report !== undefined && 'leader' in report ? report.leader : undefined;
  });
  return leaders.every((leader) => leader === leaders[0]) ? leaders[0] : undefined;
}

async function failureOf(run: Promise<void>): Promise<unknown> {
  try {
    await run;
  } catch (error) {
    return error;
  }
  return undefined;
}

const SITUATIONS = [
  { what: 'votes come to light one by one', run: votesComeToLightOneByOne, bug: FILLS_NOTHING },
  { what: 'a former leader is asked', run: aFormerLeaderIsAsked, bug: ANSWERS_FOR_OTHERS },
];

describe('Paxos Commit, when', function () {
  this.timeout(30_000);
  for (const { what, run, bug } of SITUATIONS) {
    it(`${what}: all agree`, async () => {
      await using world = await startedWorld();
      await run(world);
    });

    it(`${what}: they do not where ${bug.what}`, async () => {
      await using world = await startedWorld(bug);
      const error = await failureOf(run(world));
      expect(String(error)).to.match(/one decision|did the contrary|one vote a slot/);
    });
  }
});
