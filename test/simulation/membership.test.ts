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
