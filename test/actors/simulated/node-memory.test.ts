import { expect } from 'chai';
import { CorruptJournalError, FilesMissingError, SetAsideError } from '../../../actors/errors.ts';
import { BadSimulationError, type SimulatedHostOptions } from '../../../actors/simulated/index.ts';
import { ask, pingHost } from './ping-host.ts';

type World = ReturnType<typeof pingHost>;

const rejection = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (reason: unknown) => reason,
  );

/** A world whose nodes have run for a second and were killed. */
async function afterALife(options: Partial<SimulatedHostOptions> = {}): Promise<World> {
  const all = pingHost(options);
  await all.host.start(all.nodes);
  await all.host.run(1000);
  for (const node of all.nodes) await all.host.kill(node);
  return all;
}

const memoryOf = async (all: World, node: string) => (await ask(all, node)).memory;

/** Ways to lose what a node keeps. */
const LOSSES: Readonly<
  Record<string, readonly [lose: (all: World, node: string) => void, warnings: readonly unknown[]]>
> = {
  'with its disk': [({ host }, node) => host.forget(node), [FilesMissingError, FilesMissingError]],
  'with a record that has rotted': [({ host }, node) => host.diskOf(node).rot(['ping', 1]), [SetAsideError]],
};

describe('what a simulated node remembers', () => {
  it('is nothing at first, and then everything', async () => {
    const all = pingHost();
    await using host = all.host;
    await host.start(['a']);
    expect(await memoryOf(all, 'a')).to.equal('new');
    await host.kill('a');
    await host.start(all.nodes);
    expect(await memoryOf(all, 'a')).to.equal('kept');
    expect(await memoryOf(all, 'b')).to.equal('new');
    await host.remove('a');
    await host.add('a');
    expect(await memoryOf(all, 'a')).to.equal('new');
  });

  for (const [how, [lose, warnings]] of Object.entries(LOSSES)) {
    it(`is lost ${how}, until it has written something again`, async () => {
      const all = await afterALife();
      await using host = all.host;
      lose(all, 'b');
      await host.start(['b']);
      expect(await memoryOf(all, 'b')).to.equal('lost');
      expect(all.warnings.map((warning) => warning.constructor)).to.deep.equal(warnings);
      await host.kill('b');
      await host.start(all.nodes);
      expect(await memoryOf(all, 'b')).to.equal('lost');
      expect(await memoryOf(all, 'a')).to.equal('kept');
      await host.run(2000);
      await host.kill('b');
      await host.start(['b']);
      expect(await memoryOf(all, 'b')).to.equal('kept');
      expect(all.warnings).to.have.length(warnings.length);
    });

    for (let bits = 0; bits < 8; bits++) {
      const lost = ['a', 'b', 'c'].filter((_, index) => bits & (1 << index));
      const enough = lost.length < 2;
      it(`${enough ? 'lets' : 'does not let'} three start where ${lost.join(', ') || 'nobody'} lost it ${how}`, async () => {
        const all = await afterALife();
        await using host = all.host;
        for (const node of lost) lose(all, node);
        const outcome = await rejection(host.start(all.nodes));
        if (enough) {
          expect(outcome).to.equal(undefined);
          expect(all.warnings).to.have.length(lost.length * warnings.length);
        } else {
          expect(outcome).to.be.instanceOf(CorruptJournalError);
          for (const node of lost) {
            expect(await rejection(host.start([node]))).to.be.instanceOf(CorruptJournalError);
          }
          expect(all.warnings).to.deep.equal([]);
        }
      });
    }
  }

  for (const [how, [lose]] of Object.entries(LOSSES)) {
    it(`is not given up where damage is refused: lost ${how}, the node does not start`, async () => {
      const all = await afterALife({ damaged: 'refuse' });
      await using host = all.host;
      lose(all, 'b');
      await host.start(['a', 'c']);
      expect(await rejection(host.start(['b']))).to.be.instanceOf(CorruptJournalError);
      expect(all.warnings).to.deep.equal([]);
    });
  }

  it('is counted among the members that there are now; who runs counts with what it started with', async () => {
    const all = await afterALife({ nodes: ['a', 'b', 'c', 'd', 'e'] });
    await using host = all.host;
    for (const node of ['a', 'd']) host.forget(node);
    await host.start(all.nodes);
    await host.run(2000);
    await host.kill('e');
    host.forget('e');
    expect(await rejection(host.start(['e']))).to.be.instanceOf(CorruptJournalError);
    await host.remove('a');
    // Two of four have theirs, which is no majority either; when one more is gone, two of three.
    expect(await rejection(host.start(['e']))).to.be.instanceOf(CorruptJournalError);
    await host.remove('d');
    await host.start(['e']);
    expect(await memoryOf(all, 'e')).to.equal('lost');
  });

  it('is kept where only its store has rotted', async () => {
    const all = await afterALife();
    await using host = all.host;
    host.storeDiskOf('b').write({ key: ['text'], value: new Uint8Array(1) });
    host.storeDiskOf('b').rot(['text']);
    await host.start(all.nodes);
    expect(await memoryOf(all, 'b')).to.equal('kept');
    expect(host.storeDiskOf('b').size).to.equal(0);
    expect(all.warnings).to.have.length(1);
  });

  it('can be lost only while it does not run', async () => {
    const all = pingHost();
    await using host = all.host;
    await host.start(['a']);
    expect(() => host.forget('a')).to.throw(BadSimulationError);
  });

  it('ends with it where journals are in memory, whatever was flushed', async () => {
    const all = await afterALife({ journal: 'memory' });
    await using host = all.host;
    expect(host.diskOf('a').size).to.equal(0);
    await host.start(all.nodes);
    for (const node of all.nodes) expect(await memoryOf(all, node)).to.equal('lost');
    await host.run(3000);
    expect((await ask(all, 'a')).logged).to.be.greaterThan(20);
    await host.kill('a');
    await host.start(['a']);
    expect(await memoryOf(all, 'a')).to.equal('lost');
    expect(all.warnings).to.deep.equal([]);
  });

  it('comes with a clock of virtual time', async () => {
    const all = await afterALife();
    await using host = all.host;
    await host.run(5000);
    await host.start(['a']);
    expect((await ask(all, 'a')).startedMs).to.equal(5000);
  });
});

describe('a record that has rotted', () => {
  it('is never served, and ends a node that reads it', async () => {
    const all = pingHost();
    await using host = all.host;
    await host.start(all.nodes);
    await host.run(1000);
    host.diskOf('b').rot(['ping', 1]);
    expect(() => host.diskOf('b').rot(['ping', 99_999])).to.throw(RangeError);
    host.send('b', [{ to: 'b/pinger', from: 'clients/test', message: { type: 'readBack' } }]);
    await host.runUntil(() => all.ended.length > 0, 1000);
    expect(all.ended[0]?.node).to.equal('b');
    expect(all.ended[0]?.error)
      .to.have.property('message')
      .that.matches(/fails its checksum/);
    await host.start(['b']);
    expect(await memoryOf(all, 'b')).to.equal('lost');
  });
});
