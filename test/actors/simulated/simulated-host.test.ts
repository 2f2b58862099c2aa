import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { NodeDiedError, RoleFailedError } from '../../../actors/errors.ts';
import {
  BadSimulationError,
  SimulationLimitError,
  SimulationStuckError,
  type TraceRecord,
} from '../../../actors/simulated/index.ts';
import { moduleBeside, nodeArguments } from '../../files.ts';
import { ask, pingHost, stormHash } from './ping-host.ts';

/** The error that a promise rejects with. */
async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail('it did not reject'),
    (error: unknown) => error,
  );
}

function frames<Kind extends 'send' | 'deliver' | 'drop' | 'duplicate' | 'reorder'>(
  trace: readonly TraceRecord[],
  event: Kind,
): Extract<TraceRecord, { readonly event: Kind }>[] {
  return trace.filter(
    (record): record is Extract<TraceRecord, { readonly event: Kind }> => record.event === event,
  );
}

const count = (trace: readonly TraceRecord[], event: TraceRecord['event']) =>
  trace.filter((record) => record.event === event).length;

describe('the simulated world', () => {
  describe('one seed decides everything', () => {
    it('the same seed gives the same trace, byte for byte, and another seed another one', async () => {
      const first = await stormHash(42);
      expect(await stormHash(42)).to.equal(first);
      expect(await stormHash(43)).not.to.equal(first);
    });

    it('the same seed gives the same trace in another process', async () => {
      const script = nodeArguments(moduleBeside('./print-storm-hash', import.meta.url));
      const { stdout } = await promisify(execFile)(process.execPath, [...script, '42']);
      expect(stdout.trim()).to.equal(await stormHash(42));
    });

    it('gives every life of every node chance of its own', async () => {
      const { host, trace, nodes } = pingHost();
      await using _ = host;
      await host.start(nodes);
      await host.run(150);
      await host.kill('a');
      await host.start(['a']);
      await host.run(400);
      const checksums = new Set(
        frames(trace, 'deliver')
          .filter(({ messages }) => messages.includes('ping'))
          .map(({ checksum }) => checksum),
      );
      // a twice, b and c three times, each to two others.
      expect(checksums.size).to.be.at.least(8 * 2);
    });
  });

  describe('clocks', () => {
    it('run at the rate that they were given, their timers too, in every life', async () => {
      const all = pingHost({ clockRates: { b: 1.5, c: 0.5 } });
      const { trace, nodes } = all;
      await using host = all.host;
      await host.run(400);
      await host.start(nodes);
      await host.kill('b');
      await host.start(['b']);
      await host.run(1000);
      for (const [node, startedMs] of [
        ['a', 400],
        ['b', 600],
        ['c', 200],
      ] as const) {
        expect(await ask(all, node)).to.include({ startedMs });
      }
      const pings = (node: string) =>
        frames(trace, 'deliver').filter(
          ({ from, to, messages }) =>
            from === node && to === (node === 'a' ? 'b' : 'a') && messages.includes('ping'),
        ).length;
      expect(['a', 'b', 'c'].map(pings)).to.deep.equal([6, 9, 3]);
    });
  });

  describe('a calm network', () => {
    it('delivers every frame once, in order, within its latency', async () => {
      const all = pingHost({
        nodes: ['a', 'b'],
        network: { latencyMsMin: 2, latencyMsMax: 40 },
        ping: { intervalMs: 5 },
      });
      await using host = all.host;
      await host.start(all.nodes);
      await host.run(1000);
      expect(
        ['drop', 'duplicate', 'reorder'].map((event) => count(all.trace, event as 'drop')),
      ).to.deep.equal([0, 0, 0]);
      const lastSentMs = new Map<string, number>();
      const sent = new Map(frames(all.trace, 'send').map(({ id, atMs }) => [id, atMs]));
      for (const { id, from, to, atMs } of frames(all.trace, 'deliver')) {
        const sentMs = sent.get(id)!;
        expect(sentMs).to.be.at.least(lastSentMs.get(`${from} ${to}`) ?? 0);
        lastSentMs.set(`${from} ${to}`, sentMs);
        expect(atMs - sentMs).to.be.within(2, 40 + 1e-9);
      }
      const { pongs } = await ask(all, 'a');
      expect(pongs).to.deep.equal([...pongs.keys()].map((index) => index + 1));
    });

    it('simulates a minute of a small cluster', async () => {
      const all = pingHost();
      await using host = all.host;
      await host.start(all.nodes);
      await host.run(60_000);
      expect((await ask(all, 'b')).sent).to.equal(600);
    });
  });

  describe('a bad network', () => {
    it('loses frames', async () => {
      const all = pingHost({ network: { lossProbability: 0.5 } });
      await using host = all.host;
      await host.start(all.nodes);
      await host.run(10_000);
      const lost = frames(all.trace, 'drop');
      expect(lost.every(({ reason }) => reason === 'lost')).to.equal(true);
      expect(lost.length / (lost.length + count(all.trace, 'deliver'))).to.be.within(0.4, 0.6);
      expect((await ask(all, 'a')).pongs.length, 'of 200').to.be.within(20, 80);
    });

    it('loses the frames of clients by a setting of their own', async () => {
      const all = pingHost({ network: { clientLossProbability: 1 } });
      await using host = all.host;
      await host.start(all.nodes);
      expect(await rejection(ask(all, 'a'))).to.be.instanceOf(SimulationLimitError);
      expect(frames(all.trace, 'drop').map(({ from, to }) => `${from} ${to}`)).to.deep.equal(['clients a']);
    });

    it('delivers frames twice', async () => {
      const all = pingHost({ network: { duplicateProbability: 1 }, nodes: ['a', 'b'] });
      await using host = all.host;
      await host.start(all.nodes);
      await host.run(1050);
      // Every ping arrives twice, and every pong to each of them.
      await host.run(1090);
      expect((await ask(all, 'a')).pongs).to.have.length(40);
      expect((await ask(all, 'b')).logged).to.equal(20);
    });

    it('lets frames overtake', async () => {
      const all = pingHost({
        network: { reorderProbability: 0.5 },
        nodes: ['a', 'b'],
        ping: { intervalMs: 10 },
      });
      await using host = all.host;
      await host.start(all.nodes);
      await host.run(2000);
      const { pongs } = await ask(all, 'a');
      expect(pongs).not.to.deep.equal([...pongs].sort((one, other) => one - other));
      expect(new Set(pongs).size).to.equal(pongs.length);
    });

    it('can be changed while it runs', async () => {
      const all = pingHost({ network: { lossProbability: 1 } });
      await using host = all.host;
      await host.start(all.nodes);
      await host.run(550);
      expect(count(all.trace, 'deliver')).to.equal(0);
      host.changeNetwork({ lossProbability: 0 });
      await host.run(1050);
      expect((await ask(all, 'a')).pongs).to.deep.equal([6, 6, 7, 7, 8, 8, 9, 9, 10, 10]);
    });
  });

  describe('links', () => {
    it('are cut and mended both ways', async () => {
      const all = pingHost({ nodes: ['a', 'b'] });
      await using host = all.host;
      await host.start(all.nodes);
      await host.link('a', 'b', false);
      await host.run(250);
      expect(frames(all.trace, 'drop').map(({ from, reason }) => `${from} ${reason}`)).to.have.members([
        'a cut',
        'b cut',
        'a cut',
        'b cut',
      ]);
      await host.link('b', 'a', true);
      await host.run(350);
      expect([(await ask(all, 'a')).pongs, (await ask(all, 'b')).pongs]).to.deep.equal([[3], [3]]);
    });

    it('are cut in one direction', async () => {
      const all = pingHost({ nodes: ['a', 'b'] });
      await using host = all.host;
      await host.start(all.nodes);
      host.linkOneWay('a', 'b', false);
      await host.run(250);
      const [a, b] = [await ask(all, 'a'), await ask(all, 'b')];
      expect({ pongs: [...a.pongs, ...b.pongs], logged: [a.logged, b.logged] }).to.deep.equal({
        pongs: [],
        logged: [2, 0],
      });
    });

    it('lose what is on its way when they are cut', async () => {
      const all = pingHost({ nodes: ['a', 'b'], network: { latencyMsMin: 10, latencyMsMax: 10 } });
      await using host = all.host;
      await host.start(all.nodes);
      await host.run(105);
      await host.link('a', 'b', false);
      await host.run(150);
      expect(frames(all.trace, 'drop')).to.have.length(2);
    });
  });

  describe('nodes and disks', () => {
    it('a crash keeps what was flushed and loses what was not, and a restart begins from there', async () => {
      const all = pingHost({ nodes: ['a', 'b'], disk: { flushMsMin: 30, flushMsMax: 30 } });
      await using host = all.host;
      await host.start(all.nodes);
      // The pings of 100 and 200 ms are on disk; that of 300 ms is not yet.
      await host.run(310);
      await host.kill('b');
      expect(host.running).to.deep.equal(['a']);
      expect(host.diskOf('b').size).to.equal(2);
      expect(all.trace.at(-1)).to.deep.include({
        event: 'crash',
        node: 'b',
        life: 1,
        reason: 'killed',
        lost: 1,
        kept: 0,
      });
      await host.run(350);
      await host.start(['b']);
      expect((await ask(all, 'b')).logged).to.equal(2);
      expect((await ask(all, 'a')).pongs, 'no answer to the ping that was lost').to.deep.equal([1, 2]);
      expect(all.ended).to.deep.equal([]);
    });

    it('a disk may keep what nobody was told of, by a setting', async () => {
      const all = pingHost({
        nodes: ['a', 'b'],
        disk: { flushMsMin: 30, flushMsMax: 30, keptUnflushedProbability: 1 },
      });
      await using host = all.host;
      await host.start(all.nodes);
      await host.run(110);
      await host.kill('b');
      expect(host.diskOf('b').size).to.equal(1);
    });

    it('frames to a node that does not run are dropped', async () => {
      const all = pingHost({ nodes: ['a', 'b'] });
      await using host = all.host;
      await host.start(['a']);
      await host.run(150);
      expect(frames(all.trace, 'drop').map(({ to, reason }) => [to, reason])).to.deep.equal([['b', 'down']]);
    });

    it('a countdown ends a node after its n-th message, and nothing leaves after it', async () => {
      const all = pingHost();
      await using host = all.host;
      await host.start(all.nodes);
      host.killAfter('a', 3, ['ping']);
      await host.run(1000);
      const pings = frames(all.trace, 'deliver').filter(
        ({ from, messages }) => from === 'a' && messages.includes('ping'),
      );
      expect(pings).to.have.length(3);
      expect(all.ended).to.deep.equal([{ node: 'a', error: undefined }]);
      expect(host.running).to.deep.equal(['b', 'c']);
    });

    it('a broken invariant ends the node, and the host is told', async () => {
      const all = pingHost({ ping: { broken: 'b' } });
      await using host = all.host;
      await host.start(all.nodes);
      await host.run(1050);
      expect(all.ended.map(({ node }) => node)).to.deep.equal(['b']);
      expect(all.ended[0]?.error).to.be.instanceOf(RoleFailedError);
      expect((await ask(all, 'a')).pongs, 'from c').to.have.length(10);
    });

    it('a node that cannot load or start rejects, and none of those started with it runs', async () => {
      for (const ping of [{ unloadable: 'b' }, { unstartable: 'b' }]) {
        const { host, nodes, trace } = pingHost({ ping });
        await using _ = host;
        expect(String(await rejection(host.start(nodes)))).to.match(/cannot (load|start)/);
        expect(host.running).to.deep.equal([]);
        await host.start(['a', 'c']);
        await host.run(1000);
        expect(host.running).to.deep.equal(['a', 'c']);
        expect(count(trace, 'deliver')).to.be.above(0);
      }
    });

    it('a node that is killed while it starts does not run', async () => {
      const { host, nodes } = pingHost();
      await using _ = host;
      const started = rejection(host.start(nodes));
      await Promise.resolve();
      await host.kill('b');
      expect(await started).to.be.instanceOf(NodeDiedError);
      expect(host.running).to.deep.equal([]);
    });

    it('starting one that runs and killing one that does not change nothing', async () => {
      const { host, trace } = pingHost();
      await using _ = host;
      await host.start(['a', 'a']);
      await host.start(['a']);
      await host.kill('b');
      expect(trace.map(({ event }) => event)).to.deep.equal(['start', 'state']);
    });

    it('tells how many messages it has sent to others, in how many frames, and how often its journal was flushed', async () => {
      const all = pingHost();
      await using host = all.host;
      await host.start(all.nodes);
      await host.run(1000);
      const { messages = 0, frames = 0, flushes = 0 } = (await host.tally('a')) ?? {};
      const flushed = all.trace.filter((record) => record.event === 'flush' && record.node === 'a');
      expect(flushes).to.equal(flushed.length).and.to.be.above(10);
      const traced = all.trace.filter(
        (record) => record.event === 'send' && record.from === 'a' && record.to !== 'clients',
      );
      expect(frames).to.equal(traced.length).and.to.be.above(10);
      expect(messages).to.be.at.least(frames);
      await host.kill('a');
      expect(await host.tally('a')).to.equal(undefined);
    });

    it('hands on inspection events while someone listens', async () => {
      const { host, nodes } = pingHost();
      await using _ = host;
      await host.start(nodes);
      const seen = new Set<string>();
      host.inspect((event) => seen.add(`${event.actorRef.sessionId} ${event.type}`));
      await host.run(150);
      expect([...seen]).to.include('a/pinger @xstate.event');
      host.inspect(undefined);
      seen.clear();
      await host.run(500);
      expect(seen.size).to.equal(0);
    });
  });

  describe('letting time pass', () => {
    it('passes from event to event, up to the moment asked for', async () => {
      const { host } = pingHost();
      await using _ = host;
      const times: number[] = [];
      for (const ms of [30, 10, 20, 40]) host.clock.after(ms, () => times.push(host.clock.now()));
      host.clock.after(15, () => expect.fail('it was cancelled'))();
      await host.run(30);
      expect(times).to.deep.equal([10, 20, 30]);
      await host.run(35.5);
      expect(host.clock.now()).to.equal(35.5);
      await host.run(Number.POSITIVE_INFINITY);
      expect(times).to.deep.equal([10, 20, 30, 40]);
    });

    it('events at the same moment happen in the order in which they were asked for, soon ones first', async () => {
      const { host } = pingHost();
      await using _ = host;
      const order: string[] = [];
      for (const name of ['a', 'b', 'c', 'd']) host.clock.after(5, () => order.push(name));
      host.clock.after(5, () => host.clock.soon(() => order.push('soon')));
      host.clock.after(5, () => order.push('e'));
      await host.run(5);
      expect(order).to.deep.equal(['a', 'b', 'c', 'd', 'soon', 'e']);
    });

    it('lets promises of client code go on between events, however long their chain', async () => {
      const { host } = pingHost();
      await using _ = host;
      const log: string[] = [];
      const client = async () => {
        await new Promise<void>((resolve) => {
          host.clock.after(5, resolve);
        });
        for (let link = 0; link < 1000; link++) await Promise.resolve();
        log.push('client');
      };
      host.clock.after(5, () => log.push('before, asked for first'));
      const done = client();
      host.clock.after(5, () => log.push('after'));
      await host.runWhile(done, 100);
      await host.run(5);
      expect(log).to.deep.equal(['before, asked for first', 'client', 'after']);
    });

    it('stands still in virtual time while a program loads', async () => {
      const all = pingHost({ nodes: ['a', 'b'] });
      await using host = all.host;
      await host.start(['a']);
      let startedMs: number | undefined;
      host.clock.after(50, () => {
        void host.start(['b']).then(() => {
          startedMs = host.clock.now();
        });
      });
      await host.run(300);
      expect(startedMs).to.equal(50);
      expect((await ask(all, 'b')).sent).to.equal(2);
    });

    it('answers and rejects as the promise does that it runs for', async () => {
      const { host } = pingHost();
      await using _ = host;
      const later = <T>(run: () => T) =>
        new Promise<void>((resolve) => {
          host.clock.after(10, resolve);
        }).then(run);
      expect(
        await host.runWhile(
          later(() => 'answer'),
          100,
        ),
      ).to.equal('answer');
      const failure = new Error('no');
      expect(
        await rejection(
          host.runWhile(
            later(() => Promise.reject(failure)),
            100,
          ),
        ),
      ).to.equal(failure);
    });

    it('steps one event at a time', async () => {
      const { host } = pingHost();
      await using _ = host;
      const times: number[] = [];
      for (const ms of [1, 2]) host.clock.after(ms, () => times.push(ms));
      expect([
        await host.step(),
        times.length,
        await host.step(),
        times.length,
        await host.step(),
      ]).to.deep.equal([true, 1, true, 2, false]);
    });

    it('says so when what it waits for can never happen, or has not within the limit', async () => {
      const { host, nodes } = pingHost();
      await using _ = host;
      const stuck = await rejection(host.runUntil(() => false, 1000));
      expect(stuck).to.be.instanceOf(SimulationStuckError);
      expect(stuck).to.have.property('code', 'SYNOD_SIMULATION_STUCK');
      await host.start(nodes);
      const late = await rejection(host.runUntil(() => false, 1000));
      expect(late).to.be.instanceOf(SimulationLimitError);
      expect(host.clock.now()).to.equal(1000);
    });

    it('refuses to be run by two at once', async () => {
      const { host } = pingHost();
      await using _ = host;
      const first = host.run(10);
      expect(await rejection(host.run(20))).to.be.instanceOf(BadSimulationError);
      await first;
    });
  });

  it('ends with everything in it', async () => {
    const { host, nodes, trace } = pingHost();
    await host.start(nodes);
    await host.run(150);
    await host[Symbol.asyncDispose]();
    expect(host.running).to.deep.equal([]);
    expect(count(trace, 'crash')).to.equal(3);
    expect(await host.step()).to.equal(false);
  });

  it('refuses names and settings that make no sense', () => {
    for (const name of ['clients', 'a/b', '', 'a b'])
      expect(() => pingHost({ nodes: [name] })).to.throw(BadSimulationError);
    expect(() => pingHost({ nodes: ['a', 'a'] })).to.throw(BadSimulationError);
    expect(() => pingHost({ network: { lossProbability: 1.5 } })).to.throw(
      BadSimulationError,
      /lossProbability/,
    );
    expect(() => pingHost({ network: { latencyMsMin: 5 } })).to.throw(BadSimulationError, /latencyMsMin/);
    expect(() => pingHost({ disk: { flushMsMax: -1 } })).to.throw(BadSimulationError, /flushMsMax/);
    expect(() => pingHost({ clockRates: { a: 0 } })).to.throw(BadSimulationError, /clock of "a"/);
    const { host } = pingHost();
    expect(() => host.linkOneWay('a', 'nobody', false)).to.throw(BadSimulationError, /nobody/);
    expect(() => host.killAfter('a', -1, [])).to.throw(BadSimulationError, /at least 0/);
  });
});
