import { expect } from 'chai';
import { raft } from '../../src/simulation/protocols/raft/raft.ts';

const LIMIT_MS = 2000;

/** Three nodes of Raft that lead a quiet life, as an experiment has them. */
async function threeOfRaft() {
  const seed = 1;
  const system = raft.create({
    seed,
    nodes: ['0', '1', '2'],
    faults: { amnesia: 1 },
    world: { seed },
    doomed: new Set(),
    settings: {},
    instruments: [],
  });
  await system.host.runWhile(system.start(), LIMIT_MS);
  return system;
}

describe('who may lose its memory in an experiment', () => {
  it('is any node, as long as all have theirs, whether they run or not', async () => {
    await using system = await threeOfRaft();
    await system.host.kill('1');
    for (const node of system.nodes) expect(system.mayForget?.(node), node).to.equal(true);
  });

  it('is nobody else from the moment that the files of one are gone, until it has its vote again', async () => {
    await using system = await threeOfRaft();
    const { host } = system;
    const othersMay = () => ['0', '2'].map((node) => system.mayForget?.(node));
    await host.runWhile(system.crash('1'), LIMIT_MS);
    host.forget('1');
    expect(othersMay()).to.deep.equal([false, false]);
    expect(system.mayForget?.('1')).to.equal(true);
    const restarted = system.restart('1');
    expect(othersMay()).to.deep.equal([false, false]);
    await host.runWhile(restarted, LIMIT_MS);
    await host.runWhile(system.recovered(), LIMIT_MS);
    expect(othersMay()).to.deep.equal([true, true]);
  });
});
