import { expect } from 'chai';
import { BadSimulationError } from '../../../actors/simulated/index.ts';
import { ask, pingHost } from './ping-host.ts';

describe('the members of a simulated host', () => {
  const rejection = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => undefined,
      (reason: unknown) => reason,
    );

  it('take in a new node, and drop what is sent to one that there is not', async () => {
    const all = pingHost({ nodes: ['a', 'b'], ping: { peers: ['a', 'b', 'd'] } });
    await using host = all.host;
    await host.start(all.nodes);
    await host.run(1000);
    host.send('d', [{ to: 'd/pinger', from: 'clients/test', message: { type: 'ask' } }]);
    await host.run(1500);
    await host.add('d');
    expect(host.nodes).to.deep.equal(['a', 'b', 'd']);
    await host.run(2000);
    expect((await ask(all, 'd')).pongs.length).to.be.greaterThan(5);
    expect(all.received.filter(({ from }) => from === 'd/pinger')).to.have.length(1);
    expect(all.trace.filter(({ event }) => event === 'drop').map((drop) => 'reason' in drop && drop.reason))
      .to.include('down')
      .and.not.include('cut');
  });

  it('let a node go, and know one that is added under its name as a new one', async () => {
    const all = pingHost();
    await using host = all.host;
    await host.start(all.nodes);
    await host.run(1000);
    await host.link('a', 'b', false);
    expect((await ask(all, 'b')).logged).to.be.greaterThan(10);
    await host.remove('b');
    await host.remove('b');
    expect(host.nodes).to.deep.equal(['a', 'c']);
    expect(host.former).to.deep.equal(['b']);
    await host.run(2000);
    await host.add('b');
    expect(host.former).to.deep.equal([]);
    expect((await ask(all, 'b')).logged).to.be.lessThan(3);
    await host.run(3000);
    const { pongs } = await ask(all, 'b');
    expect(pongs.length).to.be.greaterThan(15);
    // The second life that this name has is none that has been before.
    expect(
      all.trace.flatMap((record) => (record.event === 'start' ? `${record.node}${record.life}` : [])),
    ).to.deep.equal(['a1', 'b1', 'c1', 'b2']);
    expect(all.ended).to.deep.equal([]);
  });

  it('do not hand a new node what was on its way to the old one', async () => {
    const all = pingHost({ network: { latencyMsMin: 500, latencyMsMax: 500 }, ping: { intervalMs: 5000 } });
    await using host = all.host;
    await host.start(all.nodes);
    host.send('b', [{ to: 'b/pinger', from: 'clients/test', message: { type: 'ask' } }]);
    await host.remove('b');
    await host.add('b');
    await host.run(4000);
    expect(all.received).to.deep.equal([]);
  });

  it('do not take in a name that is taken or none, nor a node that cannot start; and keep their last', async () => {
    const all = pingHost({ nodes: ['a'], ping: { unloadable: 'd' } });
    await using host = all.host;
    await host.start(['a']);
    for (const name of ['a', '', 'x/y', 'clients']) {
      expect(await rejection(host.add(name)), name).to.be.instanceOf(BadSimulationError);
    }
    expect(await rejection(host.add('d')))
      .to.be.instanceOf(Error)
      .with.property('message', 'cannot load');
    expect(host.nodes).to.deep.equal(['a']);
    expect(await rejection(host.remove('a'))).to.be.instanceOf(BadSimulationError);
    expect(host.nodes).to.deep.equal(['a']);
  });
});
