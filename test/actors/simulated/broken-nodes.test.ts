import { expect } from 'chai';
import { SetAsideError } from '../../../actors/errors.ts';
import type { TraceRecord } from '../../../actors/simulated/index.ts';
import { TURN_STEPS, type TurnStep } from '../../../actors/world.ts';
import { ask, pingHost } from './ping-host.ts';

/** Three nodes that have pinged each other for a second. */
async function running(options: Parameters<typeof pingHost>[0] = {}) {
  const all = pingHost(options);
  await all.host.start(all.nodes);
  await all.host.run(1000);
  return all;
}

const crashes = (trace: readonly TraceRecord[]) =>
  trace.flatMap((record) => (record.event === 'crash' ? [record] : []));
const pongsOf = (node: string, trace: readonly TraceRecord[]) =>
  trace.filter(
    (record) => record.event === 'deliver' && record.from === node && record.messages.includes('pong'),
  );

describe('a simulated node that ends inside of a turn', () => {
  /** What is left of the ping that the turn answers: on its way to the disk, on disk. */
  const LEFT: Readonly<Record<TurnStep, readonly [unflushed: number, onDisk: number]>> = {
    taken: [0, 0],
    ran: [0, 0],
    committed: [1, 0],
    durable: [0, 1],
  };

  for (const step of TURN_STEPS) {
    const [unflushed, onDisk] = LEFT[step];
    it(`${step}: ${unflushed} transactions are lost, ${onDisk} are on disk, and nothing has left it`, async () => {
      const all = await running({ nodes: ['a', 'b'], disk: { flushMsMin: 1, flushMsMax: 1 } });
      await using host = all.host;
      const { size } = host.diskOf('b');
      all.trace.length = 0;
      host.interruptAt('b', step, 1);
      await host.runUntil(() => all.ended.length > 0, 200);
      expect(all.ended).to.deep.equal([{ node: 'b', error: undefined }]);
      await host.run(host.clock.now() + 50);
      expect(crashes(all.trace)).to.have.length(1);
      expect(crashes(all.trace)[0]).to.include({ node: 'b', reason: 'interrupted', lost: unflushed });
      expect(host.diskOf('b').size).to.equal(size + onDisk);
      expect(pongsOf('b', all.trace)).to.deep.equal([]);
    });
  }

  it('does so in the turn that is meant', async () => {
    const all = await running();
    await using host = all.host;
    host.interruptAt('b', 'durable', 5);
    all.trace.length = 0;
    await host.runUntil(() => all.ended.length > 0, 1000);
    await host.run(host.clock.now() + 50);
    expect(pongsOf('b', all.trace)).to.have.length(4);
  });

  it('does not when that was taken back', async () => {
    const all = await running();
    await using host = all.host;
    host.interruptAt('b', 'taken', 1);
    host.killAfter('b', 1, ['ping', 'pong']);
    host.disarm('b');
    await host.run(3000);
    expect(all.ended).to.deep.equal([]);
  });

  it('starts again from its disk', async () => {
    const all = await running();
    await using host = all.host;
    host.interruptAt('b', 'ran', 3);
    await host.runUntil(() => all.ended.length > 0, 1000);
    await host.start(['b']);
    expect((await ask(all, 'b')).memory).to.equal('kept');
  });
});

describe('a slow simulated node', () => {
  const tookMs = async (all: Awaited<ReturnType<typeof running>>) => {
    const askedMs = all.host.clock.now();
    await ask(all, 'b');
    return all.host.clock.now() - askedMs;
  };

  it('answers late, until it is fast again', async () => {
    const all = await running();
    await using host = all.host;
    host.changePace('b', { turnMsMax: 40 });
    const slow = [await tookMs(all), await tookMs(all), await tookMs(all), await tookMs(all)];
    expect(Math.max(...slow)).to.be.above(5);
    host.changePace('b', { turnMsMax: 0 });
    await host.run(host.clock.now() + 100);
    expect(await tookMs(all)).to.be.below(2);
  });

  it('has a disk of its own that may be slow, in its next life, too', async () => {
    const all = await running();
    await using host = all.host;
    host.changePace('b', { flushMsMax: 200 });
    await host.kill('b');
    await host.start(['b']);
    all.trace.length = 0;
    await host.run(host.clock.now() + 2000);
    const flushes = (node: string) =>
      all.trace.filter((record) => record.event === 'flush' && record.node === node).length;
    expect(flushes('b')).to.be.below(flushes('a') / 1.5);
  });

  it('does nothing while it pauses, and then all that waited', async () => {
    const all = await running();
    await using host = all.host;
    all.trace.length = 0;
    host.pause('b', 500);
    await host.run(1499);
    const works = (record: TraceRecord) => record.event === 'turn' && record.node === 'b';
    expect(all.trace.some(works)).to.equal(false);
    await host.run(1510);
    expect(all.trace.some(works)).to.equal(true);
    // Those of a half second, of two others.
    expect(
      pongsOf('b', all.trace).flatMap((record) => ('messages' in record ? record.messages : [])),
    ).to.have.length.at.least(8);
    expect(all.ended).to.deep.equal([]);
  });
});

describe('the disk of a simulated node', () => {
  it('that lies is found with a transaction half written, and is set aside', async () => {
    const all = await running({ disk: { flushMsMin: 30, flushMsMax: 30 } });
    await using host = all.host;
    let torn: readonly string[] = [];
    for (let tries = 0; tries < 20 && torn.length === 0; tries++) {
      await host.runUntil(() => host.isFlushing('b'), 1000);
      torn = host.killTorn('b');
      if (torn.length === 0) await host.start(['b']);
    }
    expect(torn).to.deep.equal(['journal']);
    expect(host.running).to.deep.equal(['a', 'c']);
    expect(host.diskOf('b').isDamaged).to.equal(true);
    expect(all.trace.at(-1)).to.include({ event: 'damage', node: 'b', disk: 'journal', how: 'torn' });
    expect(host.memoryOf('b')).to.equal('lost');
    await host.start(['b']);
    expect(all.warnings).to.have.length(1);
    expect(all.warnings[0]).to.be.instanceOf(SetAsideError);
    expect((await ask(all, 'b')).memory).to.equal('lost');
    expect(host.memoryOf('b')).to.equal('lost');
  });

  it('rots at any place, while its node runs, and that shows when it starts again', async () => {
    const all = await running();
    await using host = all.host;
    expect(host.rot('b', 'store', 0)).to.equal(false);
    for (const place of [0, 0.5, 1]) {
      expect(host.rot('b', 'journal', place)).to.equal(true);
      expect((await ask(all, 'b')).logged).to.be.above(0);
      await host.kill('b');
      expect(host.memoryOf('b')).to.equal('lost');
      await host.start(['b']);
      expect((await ask(all, 'b')).memory).to.equal('lost');
      await host.run(host.clock.now() + 500);
      // The host trusts only a minority that started without their memory.
      await host.kill('b');
      await host.start(['b']);
    }
  });

  it('tells of what lands on it, and what leaves it', async () => {
    const heard: unknown[] = [];
    const all = pingHost();
    await using host = all.host;
    host.diskOf('a').watch({
      put: (key) => heard.push(key),
      deleted: (key) => heard.push(['deleted', ...key]),
      erased: () => heard.push('erased'),
    });
    await host.start(all.nodes);
    await host.runUntil(() => heard.length === 2, 1000);
    host.diskOf('a').write({ key: ['ping', 1], value: undefined });
    host.diskOf('a').write({ key: ['ping', 1], value: undefined });
    await host.kill('a');
    host.forget('a');
    expect(heard).to.deep.equal([['ping', 1], ['ping', 2], ['deleted', 'ping', 1], 'erased']);
  });
});

describe('a simulated host', () => {
  it('mends all links at once, in every direction', async () => {
    const all = await running();
    await using host = all.host;
    await host.link('a', 'b', false);
    host.linkOneWay('clients', 'c', false);
    all.trace.length = 0;
    host.mendLinks();
    expect(all.trace.filter(({ event }) => event === 'link')).to.have.length(3);
    expect((await ask(all, 'c')).logged).to.be.above(0);
    all.trace.length = 0;
    await host.run(2000);
    expect(pongsOf('a', all.trace).some((record) => 'to' in record && record.to === 'b')).to.equal(true);
  });

  it('tells of lives without a trace', async () => {
    const heard: unknown[] = [];
    const all = pingHost({
      onLife: ({ event, node }, error) => heard.push([event, node, error]),
      ping: { broken: 'b' },
    });
    await using host = all.host;
    await host.start(all.nodes);
    await host.runUntil(() => all.ended.length > 0, 1000);
    expect(heard.slice(0, 3)).to.deep.equal(['a', 'b', 'c'].map((node) => ['start', node, undefined]));
    expect(heard[3]).to.deep.include('crash');
    expect(String((heard[3] as unknown[])[2])).to.contain('broken invariant');
  });
});
