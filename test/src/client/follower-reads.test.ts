import { expect } from 'chai';
import { ending, TransactionStage } from './transaction-stage.ts';

describe("a client's reads", () => {
  it('go to a follower chosen at random, the same for the same seed', async () => {
    const asked = async (seed: number) => {
      const stage = new TransactionStage({ seed });
      for (let number = 0; number < 60; number++) void stage.client.get('a').catch(() => {});
      await stage.pass();
      return stage.reads().map(({ node }) => node);
    };
    const nodes = await asked(3);
    expect(await asked(3)).to.deep.equal(nodes);
    expect(await asked(4)).not.to.deep.equal(nodes);
    for (const node of ['1', '2', '3']) expect(nodes.filter((other) => other === node).length).to.be.above(8);
  });

  it('pass over those that are down, and wait for one to be up', async () => {
    const stage = new TransactionStage();
    for (const node of ['1', '3']) await stage.kill(node);
    const found = ending(stage.client.get('a'));
    await stage.pass();
    const [first] = stage.reads();
    expect(first?.node).to.equal('2');
    await stage.kill('2');
    await stage.pass(1000);
    expect(stage.reads()).to.deep.equal([]);
    await stage.start('3');
    const [second] = stage.reads();
    expect(second?.node).to.equal('3');
    await stage.values('3', second!.read.id, [5, 'x']);
    expect(found.ended).to.equal('x');
  });

  it('ask another one at once when the first dies, and as well when it is silent; whoever answers first counts', async () => {
    const stage = new TransactionStage();
    const found = ending(stage.client.get('a'));
    await stage.pass();
    const [{ node: first } = { node: '' }] = stage.reads();
    await stage.kill(first);
    const [{ node: second, read } = stage.reads()[0]!] = stage.reads();
    expect(second).not.to.equal(first);
    await stage.pass(300);
    const [{ node: third } = { node: '' }] = stage.reads();
    expect(new Set([first, second, third])).to.deep.equal(new Set(['1', '2', '3']));
    await stage.values(second, read.id, [5, 'x']);
    await stage.values(third, read.id, [6, 'y']);
    expect(found.ended).to.equal('x');
  });

  it('go elsewhere when a follower has not the whole store, or no room', async () => {
    const stage = new TransactionStage();
    void stage.client.get('a');
    await stage.pass();
    for (const type of ['unavailable', 'refused']) {
      const [asked] = stage.reads();
      stage.receive(asked!.node, { type, id: asked!.read.id } as never);
      await stage.pass(60);
      const [next] = stage.reads();
      expect(next?.read.id).to.equal(asked!.read.id);
      expect(next?.node).not.to.equal(asked!.node);
      stage.receive(next!.node, { type: 'refused' });
      await stage.pass(100);
    }
  });

  it('fail when no answer comes in time, or nobody lives who could give one', async () => {
    const stage = new TransactionStage({ timeoutMs: 1000 });
    const silent = ending(stage.client.get('a'));
    await stage.pass(1100);
    expect(silent.ended).to.equal('SYNOD_TIMEOUT');
    for (const node of ['1', '2', '3']) await stage.kill(node);
    const nobody = ending(stage.client.get('a', { timeoutMs: 100 }));
    await stage.pass(200);
    expect(nobody.ended).to.equal('SYNOD_NO_FOLLOWER');
  });

  it('fail when the client is closed', async () => {
    const stage = new TransactionStage();
    const before = ending(stage.client.get('a'));
    await stage.client[Symbol.asyncDispose]();
    const after = ending(stage.client.get('a'));
    await stage.pass();
    for (const read of [before, after]) expect(read.ended).to.equal('SYNOD_CLOSED');
  });
});
