import { expect } from 'chai';
import type { SynodError } from '../../actors/errors.ts';
import { raftOf } from './support/raft-scene.ts';

const LIMIT_MS = 3000;

describe('the members of a simulated cluster of Raft', () => {
  it('never have the number of one that was removed', async () => {
    await using scene = await raftOf({});
    const { simulated } = scene;
    const { cluster } = simulated;
    await simulated.runWhile(cluster.removeNode(2), LIMIT_MS);
    const added = [cluster.addNode(), cluster.addNode()];
    expect(await simulated.runWhile(Promise.all(added), LIMIT_MS)).to.deep.equal([3, 4]);
    await simulated.runWhile(cluster.removeNode(4), LIMIT_MS);
    expect(await simulated.runWhile(cluster.replaceNode(3), LIMIT_MS)).to.equal(5);
    expect(cluster.nodes).to.deep.equal([0, 1, 5]);
  });

  it('keep their last voter, whoever else there is', async () => {
    await using scene = await raftOf({ nodes: 2 });
    const { simulated } = scene;
    const { cluster } = simulated;
    const codeOf = (change: Promise<unknown>) => change.catch(({ code }: SynodError) => code);
    const both = Promise.all([0, 1].map((node) => codeOf(cluster.removeNode(node))));
    expect(await simulated.runWhile(both, LIMIT_MS)).to.deep.equal([undefined, 'SYNOD_BAD_OPTION']);
    const { decided } = simulated.agreement;
    await simulated.run(LIMIT_MS);
    expect(simulated.agreement.decided).to.equal(decided);
    await scene.put('key');
    expect(cluster.nodes).to.deep.equal([1]);
  });

  it('settle beside a node that was never taken in', async () => {
    await using scene = await raftOf({});
    const { simulated } = scene;
    const { cluster, host } = simulated;
    for (const node of ['0', '1', '2']) host.linkOneWay('clients', node, false);
    const added = cluster.addNode({ timeoutMs: 100 }).catch(({ code }: SynodError) => code);
    expect(await simulated.runWhile(added, LIMIT_MS)).to.equal('SYNOD_TIMEOUT');
    for (const node of ['0', '1', '2']) host.linkOneWay('clients', node, true);
    await scene.put('key');
    await scene.settle();
    await simulated.runWhile(cluster.removeNode(3), LIMIT_MS);
    expect(cluster.nodes).to.deep.equal([0, 1, 2]);
  });
});
