import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { isLong } from '../../long.ts';
import { Child } from './child.ts';
import { useTemporaryFolder } from './temporary-folder.ts';
import { WORKBENCH, Workbench } from './workbench.ts';

const NODES = ['a', 'b', 'c'];
const ping = (text: string) => ({ type: 'ping', text }) as never;
const add = { type: 'add', bytes: 10 } as never;
const count = { type: 'count' } as never;
const rejection = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (reason: unknown) => reason,
  );

describe('the members of a host of threads', function () {
  this.timeout(60_000);
  const folder = useTemporaryFolder();

  /** Resolves with what has come from one node to the other, by way of a client. */
  const forward = async (bench: Workbench, from: string, to: string, text: string): Promise<unknown> => {
    const message = { type: 'forward', to: `${to}/bench`, text, times: 1 } as never;
    return (await bench.listen(from, message, 1)[0])?.text;
  };

  it('take in a new node, which all others reach and which reaches them', async () => {
    await using bench = new Workbench(folder());
    await bench.host.start(['a', 'b']);
    await bench.host.add('d');
    expect(bench.host.nodes).to.deep.equal(['a', 'b', 'c', 'd']);
    expect(await bench.ask('d', add)).to.include({ count: 1 });
    for (const other of ['a', 'b']) {
      expect(await forward(bench, other, 'd', 'to')).to.equal('to0');
      expect(await forward(bench, 'd', other, 'from')).to.equal('from0');
    }
    await bench.host.start(['c']);
    expect(await forward(bench, 'c', 'd', 'late')).to.equal('late0');
    await bench.host.kill('d');
    await bench.host.start(['d']);
    expect(await bench.ask('d', count)).to.include({ count: 1 });
    expect(await forward(bench, 'a', 'd', 'again')).to.equal('again0');
  });

  it('let a node go, with its files, and drop what is sent to it', async () => {
    await using bench = new Workbench(folder());
    await bench.host.start(NODES);
    await bench.ask('b', add);
    await bench.host.remove('b');
    expect(bench.host.nodes).to.deep.equal(['a', 'c']);
    expect(bench.host.former).to.deep.equal(['b']);
    expect(existsSync(join(folder(), 'b'))).to.equal(false);
    bench.tell('b', ping('lost'));
    bench.tell('a', { type: 'forward', to: 'b/bench', text: 'lost', times: 1 } as never);
    expect(await forward(bench, 'a', 'c', 'well')).to.equal('well0');
    expect(await rejection(bench.host.start(['b']))).to.be.instanceOf(TypeError);
    await bench.host.remove('b');
    await bench.host.kill('b');
    expect(bench.ended).to.deep.equal([]);
  });

  it('know a node that was removed and is added again as a new one, with no link cut', async () => {
    await using bench = new Workbench(folder());
    await bench.host.start(NODES);
    await bench.ask('b', add);
    await bench.host.link('a', 'b', false);
    await bench.host.remove('b');
    await bench.host.add('b');
    expect(await bench.ask('b', count)).to.include({ count: 0 });
    expect(await forward(bench, 'a', 'b', 'to')).to.equal('to0');
    expect(await forward(bench, 'b', 'a', 'from')).to.equal('from0');
  });

  it('have links that are cut and mended also where one of them was added', async () => {
    await using bench = new Workbench(folder());
    await bench.host.start(NODES);
    await bench.host.add('d');
    await bench.host.link('a', 'd', false);
    await bench.host.kill('d');
    await bench.host.start(['d']);
    const lost = [forward(bench, 'a', 'd', 'lost'), forward(bench, 'd', 'a', 'lost')];
    expect(await forward(bench, 'a', 'b', 'well')).to.equal('well0');
    expect(await forward(bench, 'd', 'b', 'well')).to.equal('well0');
    await bench.host.link('d', 'a', true);
    expect(await forward(bench, 'a', 'd', 'mended')).to.equal('mended0');
    expect(await Promise.race([...lost, 'lost'])).to.equal('lost');
  });

  it('are those of the folder when it is opened again, and its founders are still asked for', async () => {
    {
      await using bench = new Workbench(folder());
      await bench.host.start(NODES);
      await bench.host.add('d');
      await bench.ask('d', add);
      await bench.host.remove('a');
    }
    await using bench = new Workbench(folder());
    expect(bench.host.nodes).to.deep.equal(NODES);
    await bench.host.open();
    expect(bench.host.nodes).to.deep.equal(['b', 'c', 'd']);
    expect(bench.host.former).to.deep.equal(['a']);
    await bench.host.start(bench.host.nodes);
    expect(await bench.ask('d', count)).to.include({ count: 1 });
    expect(await forward(bench, 'b', 'd', 'there')).to.equal('there0');
    const other = new Workbench(folder(), { nodes: ['b', 'c', 'd'] });
    await bench[Symbol.asyncDispose]();
    expect(await rejection(other.host.open())).to.have.property('code', 'SYNOD_WRONG_FOLDER');
  });

  it('do not take in a name that is taken or none, nor a node that cannot start', async () => {
    await using bench = new Workbench(folder(), {
      program: { module: WORKBENCH, options: 'refuse to load' },
    });
    for (const name of ['a', '', 'x/y', 'clients']) {
      expect(await rejection(bench.host.add(name)), name).to.be.instanceOf(TypeError);
    }
    expect(await rejection(bench.host.add('d')))
      .to.be.instanceOf(Error)
      .with.property('message', 'this program does not load');
    expect(bench.host.nodes).to.deep.equal(NODES);
    expect(readdirSync(folder()).filter((name) => !name.startsWith('in-use'))).to.deep.equal([
      'cluster.json',
    ]);
  });

  it('keep their last one', async () => {
    await using bench = new Workbench(folder(), { nodes: ['a', 'b'] });
    await bench.host.start(['a']);
    const outcomes = await Promise.all([
      rejection(bench.host.remove('a')),
      rejection(bench.host.remove('b')),
    ]);
    expect(outcomes.filter((outcome) => outcome instanceof TypeError)).to.have.length(1);
    expect(bench.host.nodes).to.have.length(1);
  });

  it('let go of a node in an endless loop, and of one that is still being added', async () => {
    await using bench = new Workbench(folder());
    await bench.host.start(NODES);
    bench.tell('b', { type: 'misbehave', how: 'loop' } as never);
    await bench.host.remove('b');
    const added = rejection(bench.host.add('d'));
    while (!bench.host.nodes.includes('d')) await new Promise((resolve) => setImmediate(resolve));
    await bench.host.remove('d');
    await added;
    expect(bench.host.nodes).to.deep.equal(['a', 'c']);
    expect(existsSync(join(folder(), 'd'))).to.equal(false);
  });

  it('are one or the other, and open, when the process is killed at any moment of a change', async function () {
    if (isLong) this.timeout(300_000);
    const moments = [
      ['adding', 1],
      ['added', 1],
      ['removing', 2],
      ['adding', 2],
      ['removed', 3],
    ] as const;
    for (const [state, times] of isLong ? [...moments, ...moments, ...moments] : moments.slice(0, 3)) {
      const child = new Child('change-members-until-killed', folder());
      let seen = 0;
      for await (const line of child.lines()) {
        if (line === state) seen += 1;
        if (seen === times) await child.kill();
      }
      await using bench = new Workbench(folder());
      await bench.host.open();
      expect([NODES, [...NODES, 'd']]).to.deep.include([...bench.host.nodes]);
      if (state === 'added') expect(bench.host.nodes, 'what was acknowledged').to.include('d');
      await bench.host.start(bench.host.nodes);
      await bench.host.remove('d');
      await bench.host.add('d');
      expect(await bench.ask('d', count)).to.include({ count: 0 });
      await bench.host.remove('d');
    }
  });
});
