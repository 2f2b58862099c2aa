import { expect } from 'chai';
import { CorruptJournalError } from '../../actors/errors.ts';
import { HostWithGhosts } from '../../src/simulation/protocols/replicated-log/host-with-ghosts.ts';
import { ask, pingHostOf } from '../actors/simulated/ping-host.ts';

/** Nodes that have all run for a second, and run on when they are removed. */
async function running(nodes: readonly string[]) {
  const all = pingHostOf((options) => new HostWithGhosts(options, () => true), { nodes });
  await all.host.start(nodes);
  await all.host.run(1000);
  const { host } = all;
  return {
    ...all,
    /** A node ends, and its files are gone. */
    lose: async (node: string) => {
      await host.kill(node);
      host.forget(node);
    },
    /** What a start is refused with; undefined when it is not. */
    refusal: (...started: readonly string[]): Promise<unknown> =>
      host.start(started).then(
        () => undefined,
        (reason: unknown) => reason,
      ),
  };
}

describe('a node that was removed and runs on', () => {
  it('is no member, and reaches the others as before', async () => {
    const { host, ...all } = await running(['a', 'b', 'c']);
    await using _ = host;
    await host.remove('a');
    expect(host.nodes).to.deep.equal(['b', 'c']);
    expect(host.former).to.deep.equal(['a']);
    expect(host.ghosts).to.deep.equal(['a']);
    const { pongs } = await ask({ ...all, host }, 'a');
    await host.run(2000);
    expect((await ask({ ...all, host }, 'a')).pongs.length).to.be.greaterThan(pongs.length);
  });

  it('does not count among those that have lost their memory', async () => {
    const { host, lose, refusal } = await running(['a', 'b', 'c', 'd']);
    await using _ = host;
    await lose('a');
    await host.start(['a']);
    await host.remove('a');
    await lose('b');
    // Two of the three members have theirs.
    expect(await refusal('b')).to.equal(undefined);
    expect(host.memoryOf('b')).to.equal('lost');
  });

  it('does not count among those that remember', async () => {
    const { host, lose, refusal } = await running(['a', 'b', 'c', 'd', 'e']);
    await using _ = host;
    for (const node of ['d', 'e']) await host.remove(node);
    for (const node of ['a', 'b']) await lose(node);
    for (const started of [['a'], ['b'], ['a', 'b']])
      expect(await refusal(...started)).to.be.instanceOf(CorruptJournalError);
  });

  it('starts without its memory, whatever the members have', async () => {
    const { host, lose, refusal } = await running(['a', 'b', 'c', 'd']);
    await using _ = host;
    await lose('b');
    await host.start(['b']);
    for (const node of ['a', 'd']) await host.remove(node);
    await lose('a');
    // One of the two members has lost its own: that is no majority, and none of the matter of a node that is gone.
    expect(await refusal('a')).to.equal(undefined);
    expect(host.memoryOf('a')).to.equal('lost');
    await lose('c');
    expect(await refusal('c')).to.be.instanceOf(CorruptJournalError);
  });
});
