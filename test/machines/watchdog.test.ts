import { expect } from 'chai';
import { createActor, SimulatedClock } from 'xstate';
import { type WatchdogReport, watchdog } from '../../machines/watchdog.ts';

/** A server that starts and stops when the test says so. */
function guarded() {
  const clock = new SimulatedClock();
  const reports: WatchdogReport[] = [];
  const open: { readonly what: 'start' | 'stop'; done(): void; fail(error: Error): void }[] = [];
  const serve = (what: 'start' | 'stop') => () =>
    new Promise<void>((resolve, reject) => open.push({ what, done: resolve, fail: reject }));
  const actor = createActor(watchdog, {
    clock,
    input: {
      server: 7,
      startServer: serve('start'),
      stopServer: serve('stop'),
      tell: (report) => void reports.push(report),
      settings: { backOffMsMin: 50, backOffMsMax: 200, steadyMs: 1000 },
    },
  }).start();
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    actor,
    clock,
    reports,
    open,
    state: () => actor.getSnapshot().value,
    settle,
    /** What was asked for last succeeds. */
    async done() {
      open.at(-1)!.done();
      await settle();
    },
    async fail(error = new Error('no')) {
      open.at(-1)!.fail(error);
      await settle();
    },
    async running() {
      actor.send({ type: 'start' });
      await this.done();
      return this;
    },
  };
}

describe('the watchdog', () => {
  it('starts its server when told, and says when it runs', async () => {
    const dog = guarded();
    expect(dog.state()).to.equal('stopped');
    dog.actor.send({ type: 'start' });
    expect(dog.state()).to.equal('starting');
    expect(dog.reports).to.deep.equal([]);
    await dog.done();
    expect(dog.state()).to.equal('running');
    expect(dog.reports).to.deep.equal([{ type: 'running', server: 7 }]);
  });

  it('restarts it when it dies by itself, each time later, but not later than its bound', async () => {
    const dog = await guarded().running();
    const error = new Error('it died');
    for (const ms of [50, 100, 200, 200]) {
      dog.actor.send({ type: 'ended', error });
      expect(dog.reports.at(-1)).to.deep.equal({ type: 'failed', server: 7, error, againMs: ms });
      dog.clock.increment(ms - 1);
      expect(dog.state()).to.equal('waiting');
      dog.clock.increment(1);
      expect(dog.state()).to.equal('starting');
      await dog.done();
    }
  });

  it('forgets former deaths of one that has run for a while', async () => {
    const dog = await guarded().running();
    dog.actor.send({ type: 'ended', error: undefined });
    dog.clock.increment(50);
    await dog.done();
    dog.clock.increment(1000);
    dog.actor.send({ type: 'ended', error: undefined });
    expect(dog.reports.at(-1)).to.include({ type: 'failed', againMs: 50 });
  });

  it('tries again when it cannot be started', async () => {
    const dog = guarded();
    dog.actor.send({ type: 'start' });
    const error = new Error('no folder');
    await dog.fail(error);
    expect(dog.reports).to.deep.equal([{ type: 'failed', server: 7, error, againMs: 50 }]);
    dog.clock.increment(50);
    await dog.done();
    expect(dog.state()).to.equal('running');
  });

  it('has stopped it when it is stopped again, not before', async () => {
    const dog = await guarded().running();
    dog.actor.send({ type: 'stop' });
    await dog.settle();
    expect(dog.state()).to.deep.equal({ stopping: 'asking' });
    dog.actor.send({ type: 'ended', error: new Error('as it was told') });
    expect(dog.state(), 'that is no death').to.deep.equal({ stopping: 'asking' });
    await dog.done();
    expect(dog.state()).to.equal('stopped');
    expect(dog.reports.at(-1)).to.deep.equal({ type: 'stopped', server: 7 });
    dog.clock.increment(100_000);
    expect(dog.state(), 'for good').to.equal('stopped');
  });

  for (const state of ['starting', 'waiting'] as const) {
    it(`stops one that is ${state}`, async () => {
      const dog = guarded();
      dog.actor.send({ type: 'start' });
      if (state === 'waiting') await dog.fail();
      expect(dog.state()).to.equal(state);
      dog.actor.send({ type: 'stop' });
      expect(dog.open.at(-1)!.what).to.equal('stop');
      // Whatever becomes of the start, it is not asked for any more.
      dog.open[0]!.done();
      await dog.done();
      expect(dog.state()).to.equal('stopped');
      expect(dog.reports.filter(({ type }) => type === 'running')).to.deep.equal([]);
    });
  }

  it('starts it again, once it has stopped, when told to while it stops', async () => {
    const dog = await guarded().running();
    dog.actor.send({ type: 'stop' });
    dog.actor.send({ type: 'start' });
    await dog.done();
    expect(dog.reports.at(-1)).to.deep.equal({ type: 'stopped', server: 7 });
    expect(dog.state()).to.equal('starting');
    await dog.done();
    expect(dog.state()).to.equal('running');
  });

  it('asks again when it cannot be stopped', async () => {
    const dog = await guarded().running();
    dog.actor.send({ type: 'stop' });
    await dog.fail();
    expect(dog.state()).to.deep.equal({ stopping: 'failed' });
    dog.clock.increment(50);
    await dog.done();
    expect(dog.state()).to.equal('stopped');
  });
});
