import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { DiskFullError, NodeDiedError, RoleFailedError } from '../../../actors/errors.ts';
import type { InspectionEvent } from '../../../actors/inspection.ts';
import { ThreadHost } from '../../../actors/threads/thread-host.ts';
import { moduleBeside, nodeArguments } from '../../files.ts';
import { isLong } from '../../long.ts';
import { useTemporaryFolder } from './temporary-folder.ts';
import { WORKBENCH, Workbench } from './workbench.ts';

const NODES = ['a', 'b', 'c'];
const turnOfEventLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a host of threads', function () {
  this.timeout(60_000);
  const folder = useTemporaryFolder();

  describe('frames', () => {
    it('go from client to node, from node to node, and back', async () => {
      await using bench = new Workbench(folder());
      await bench.host.start(NODES);
      expect(await bench.ask('a', { type: 'ping', text: 'hello' } as never)).to.include({
        type: 'pong',
        text: 'hello',
      });
      const heard = bench.listen('a', { type: 'forward', to: 'c/bench', text: 'x', times: 3 } as never, 3);
      expect((await Promise.all(heard)).map(({ text }) => text)).to.deep.equal(['x0', 'x1', 'x2']);
    });

    it('for a node that does not run are lost', async () => {
      await using bench = new Workbench(folder());
      await bench.host.start(['a', 'b']);
      bench.tell('c', { type: 'ping', text: 'lost' } as never);
      bench.tell('a', { type: 'forward', to: 'c/bench', text: 'lost', times: 1 } as never);
      expect(await bench.ask('a', { type: 'ping', text: 'well' } as never)).to.include({ text: 'well' });
      expect(bench.ended).to.deep.equal([]);
    });

    it('do not pass a link that is cut, and pass it when it is mended', async () => {
      await using bench = new Workbench(folder());
      await bench.host.start(NODES);
      await bench.host.link('a', 'b', false);
      const lost = bench.listen('a', { type: 'forward', to: 'b/bench', text: 'lost', times: 1 } as never, 1);
      const around = bench.listen(
        'a',
        { type: 'forward', to: 'c/bench', text: 'around', times: 1 } as never,
        1,
      );
      expect((await around[0])?.text).to.equal('around0');
      await bench.host.kill('b');
      await bench.host.start(['b']);
      bench.tell('b', { type: 'forward', to: 'a/bench', text: 'lost', times: 1 } as never);
      await bench.ask('b', { type: 'ping', text: 'after' } as never);
      await bench.host.link('b', 'a', true);
      const passed = bench.listen(
        'a',
        { type: 'forward', to: 'b/bench', text: 'passed', times: 1 } as never,
        1,
      );
      expect((await passed[0])?.text).to.equal('passed0');
      expect(await Promise.race([lost[0], 'lost'])).to.equal('lost');
    });

    it('reach a node that was started again, from peers that went on', async () => {
      await using bench = new Workbench(folder());
      await bench.host.start(NODES);
      for (let round = 0; round < 3; round++) {
        await bench.host.kill('b');
        await bench.host.start(['b']);
        const there = bench.listen(
          'a',
          { type: 'forward', to: 'b/bench', text: 'there', times: 1 } as never,
          1,
        );
        const back = bench.listen(
          'b',
          { type: 'forward', to: 'c/bench', text: 'back', times: 1 } as never,
          1,
        );
        expect((await there[0])?.text).to.equal('there0');
        expect((await back[0])?.text).to.equal('back0');
      }
    });

    it('that claim to come from someone else are dropped, and harm nobody', async () => {
      await using bench = new Workbench(folder());
      await bench.host.start(['a']);
      bench.host.send('a', [{ to: 'a/bench', from: 'b/bench', message: { type: 'ping' } }]);
      expect(await bench.ask('a', { type: 'ping', text: 'well' } as never)).to.include({ text: 'well' });
    });
  });

  describe('a node', () => {
    it('is killed in an endless loop, and starts again', async () => {
      await using bench = new Workbench(folder());
      await bench.host.start(NODES);
      bench.tell('b', { type: 'misbehave', how: 'loop' } as never);
      await bench.ask('a', { type: 'ping', text: 'meanwhile' } as never);
      await bench.host.kill('b');
      await bench.host.start(['b']);
      expect(await bench.ask('b', { type: 'ping', text: 'again' } as never)).to.include({ text: 'again' });
      expect(bench.ended).to.deep.equal([]);
    });

    for (const [how, expected, words] of [
      ['exit', NodeDiedError, /node b ended by itself.*exit/],
      ['memory', NodeDiedError, /memory/],
      ['reject', NodeDiedError, /nobody caught this/],
      ['throw', RoleFailedError, /b\/bench failed in state "open".*the bench broke/],
    ] as const) {
      it(`that dies by ${how} is reported once, with the reason, and starts again`, async () => {
        await using bench = new Workbench(folder(), { memoryMbMax: 64 });
        await bench.host.start(['a', 'b']);
        const ended = bench.end('b');
        bench.tell('b', { type: 'misbehave', how } as never);
        expect(await ended)
          .to.be.instanceOf(expected)
          .with.property('message')
          .that.matches(words);
        await bench.host.kill('b');
        await bench.host.start(['b']);
        expect(await bench.ask('b', { type: 'ping', text: 'again' } as never)).to.include({ text: 'again' });
        expect(await bench.ask('a', { type: 'ping', text: 'well' } as never)).to.include({ text: 'well' });
        expect(bench.ended.map(({ node }) => node)).to.deep.equal(['b']);
      });
    }

    it('ends itself when it has released so many envelopes of a type to others, and none after', async () => {
      await using bench = new Workbench(folder());
      await bench.host.start(NODES);
      const ended = bench.end('a');
      bench.host.killAfter('a', 99, ['forwarded']);
      bench.host.killAfter('a', 2, ['forwarded']);
      await bench.ask('a', { type: 'ping', text: 'does not count' } as never);
      const heard = bench.listen('a', { type: 'forward', to: 'b/bench', text: 'x', times: 5 } as never, 5);
      expect(await ended).to.equal(undefined);
      expect((await Promise.all(heard.slice(0, 2))).map(({ text }) => text)).to.deep.equal(['x0', 'x1']);
      await bench.ask('b', { type: 'ping', text: 'all of it has arrived' } as never);
      expect(await Promise.race([heard[2], 'never'])).to.equal('never');
      expect(bench.ended).to.deep.equal([{ node: 'a', error: undefined }]);
    });

    it('may be killed at any moment of its start, and starts again', async function () {
      if (isLong) this.timeout(1_200_000);
      await using bench = new Workbench(folder());
      // Later ones are quicker: their modules have been compiled.
      for (let delayMs = 0; delayMs < 200; delayMs += isLong ? 1 : 25) {
        const started = bench.host.start(NODES).catch(() => {});
        await new Promise((resolve) => bench.host.clock.after(delayMs, () => resolve(undefined)));
        await Promise.all(NODES.map((node) => bench.host.kill(node)));
        await started;
      }
      await bench.host.start(NODES);
      expect(await bench.ask('a', { type: 'ping', text: 'well' } as never)).to.include({ text: 'well' });
    });

    it('that is dead already is killed at once, and one that runs is not started twice', async () => {
      await using bench = new Workbench(folder());
      await bench.host.start(['a']);
      await bench.host.kill('b');
      await Promise.all([bench.host.kill('a'), bench.host.kill('a')]);
      await Promise.all([bench.host.start(['a']), bench.host.start(['a', 'b'])]);
      expect(await bench.ask('a', { type: 'ping', text: 'one' } as never)).to.include({ text: 'one' });
    });

    it('tells how many messages it has sent to others, in how many frames, and how often its journal was flushed', async () => {
      await using bench = new Workbench(folder());
      await bench.host.start(NODES);
      expect(await bench.host.tally('a')).to.deep.equal({ messages: 0, frames: 0, flushes: 0 });
      await Promise.all(
        bench.listen('a', { type: 'forward', to: 'c/bench', text: 'x', times: 3 } as never, 3),
      );
      for (let added = 0; added < 2; added++) await bench.ask('a', { type: 'add', bytes: 10 } as never);
      expect(await bench.host.tally('a')).to.deep.equal({ messages: 3, frames: 1, flushes: 2 });
      await bench.host.kill('a');
      expect(await bench.host.tally('a')).to.equal(undefined);
      await bench.host.start(['a']);
      expect(await bench.host.tally('a')).to.deep.equal({ messages: 0, frames: 0, flushes: 0 });
    });

    it('shows its actors to who listens, from the moment they listen', async () => {
      await using bench = new Workbench(folder());
      await bench.host.start(['a']);
      const events: InspectionEvent[] = [];
      bench.host.inspect((event) => events.push(event));
      await bench.ask('a', { type: 'ping', text: 'seen' } as never);
      bench.host.inspect(undefined);
      const types = events.map(({ type }) => type);
      expect(types).to.include.members(['@xstate.event', '@xstate.snapshot', '@xstate.action']);
      expect(events.every(({ actorRef }) => actorRef.sessionId === 'a/bench')).to.equal(true);
      await bench.ask('a', { type: 'ping', text: 'unseen' } as never);
      const seen = events.length;
      await bench.ask('a', { type: 'ping', text: 'unseen' } as never);
      expect(events).to.have.length(seen);
    });
  });

  describe('the disk', () => {
    it('gives a node that was killed at any moment everything that it had acknowledged', async () => {
      await using bench = new Workbench(folder());
      await bench.host.start(NODES);
      let acknowledged = 0;
      for (let round = 0; round < 5; round++) {
        const answers = Array.from({ length: 50 }, () =>
          bench.ask('a', { type: 'add', bytes: 200 } as never),
        );
        for (const answer of answers) {
          void answer.then(({ count }) => {
            acknowledged = Math.max(acknowledged, Number(count));
          });
        }
        await answers[round * 5];
        await bench.host.kill('a');
        const known = acknowledged;
        await bench.host.start(['a']);
        const { count } = await bench.ask('a', { type: 'count' } as never);
        expect(Number(count)).to.be.at.least(known);
      }
      expect(acknowledged).to.be.greaterThan(0);
    });

    it('outlives many nodes that are killed while they write', async () => {
      await using bench = new Workbench(folder());
      await bench.host.start(NODES);
      for (let round = 0; round < 6; round++) {
        for (const node of NODES) {
          for (let index = 0; index < 100; index++) bench.tell(node, { type: 'add', bytes: 1000 } as never);
        }
        const victim = NODES[round % NODES.length]!;
        for (let turns = 0; turns < round * 7; turns++) await turnOfEventLoop();
        await bench.host.kill(victim);
        await bench.host.start([victim]);
      }
      for (const node of NODES) {
        const before = Number((await bench.ask(node, { type: 'count' } as never)).count);
        expect((await bench.ask(node, { type: 'add', bytes: 0 } as never)).count).to.equal(before + 1);
      }
      expect(bench.ended).to.deep.equal([]);
    });

    it('that is full ends the node that it is full for, and no other', async () => {
      await using bench = new Workbench(folder(), { journalBytesMax: 2 * 1024 * 1024 });
      await bench.host.start(NODES);
      const ended = bench.end('a');
      for (let full = false; !full; ) {
        const answer = bench.ask('a', { type: 'add', bytes: 100_000 } as never);
        full = (await Promise.race([answer, ended.then(() => 'full')])) === 'full';
      }
      expect(await ended)
        .to.be.instanceOf(DiskFullError)
        .with.property('code', 'SYNOD_DISK_FULL');
      expect(await bench.ask('b', { type: 'add', bytes: 10 } as never)).to.include({
        type: 'added',
        count: 1,
      });
      await bench.host.start(['a']);
      expect(Number((await bench.ask('a', { type: 'count' } as never)).count)).to.be.greaterThan(0);
    });

    it('that takes no more, by whatever error it says so, ends its node and no other', async function () {
      // The system's bound on a file's size stands in for a full disk.
      if (process.platform === 'win32') this.skip();
      const script = nodeArguments(moduleBeside('./fixtures/fill-disk', import.meta.url));
      const { stdout } = await promisify(execFile)(
        'sh',
        ['-c', 'ulimit -f 4096; exec "$0" "$@"', process.execPath, ...script, folder()],
        { timeout: 60_000 },
      );
      expect(stdout).to.match(/^SYNOD_DISK_(FULL|FAILED)\n1\ntrue\n$/);
    });
  });

  describe('a start', () => {
    it('that a program refuses rejects with its reason, and leaves nothing running', async () => {
      await using bench = new Workbench(folder(), {
        program: { module: WORKBENCH, options: 'refuse to load' },
      });
      const error = await bench.host.start(NODES).catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(Error).with.property('message', 'this program does not load');
      expect(bench.ended).to.deep.equal([]);
    });

    it('of a module that is not there rejects', async () => {
      const module = moduleBeside('./fixtures/no-such-program', import.meta.url).href;
      await using bench = new Workbench(folder(), { program: { module, options: undefined } });
      const error = await bench.host.start(['a']).catch((reason: unknown) => reason);
      expect(error)
        .to.be.instanceOf(Error)
        .with.property('message')
        .that.matches(/no-such-program/);
    });

    it('that is cut short by a kill rejects', async () => {
      await using bench = new Workbench(folder());
      await bench.host.start(['b']);
      const started = bench.host.start(['a']).then(
        () => 'started',
        (error: unknown) => error,
      );
      let outcome: unknown;
      void started.then((value) => {
        outcome = value;
      });
      while (outcome === undefined) {
        await bench.host.kill('a');
        await turnOfEventLoop();
      }
      expect(outcome).to.be.instanceOf(NodeDiedError);
      await bench.host.start(['a']);
      expect(await bench.ask('a', { type: 'ping', text: 'well' } as never)).to.include({ text: 'well' });
    });

    it('after the host was disposed of rejects', async () => {
      const bench = new Workbench(folder());
      await bench[Symbol.asyncDispose]();
      expect(await bench.host.start(['a']).catch((reason: Error) => reason.message)).to.match(/disposed/);
    });

    it('of names that cannot be nodes is refused when the host is made', () => {
      const options = {
        program: { module: 'data:,', options: undefined },
        dataDir: folder(),
        identity: { protocol: 'p' },
      };
      for (const nodes of [[], ['a', 'a'], ['a/b'], ['clients'], ['']]) {
        expect(() => new ThreadHost({ ...options, nodes }), JSON.stringify(nodes)).to.throw(TypeError);
      }
    });
  });

  describe('a host that is disposed of', () => {
    it('lets go of the folder, in the midst of a start and of work, too', async () => {
      for (let round = 0; round < 3; round++) {
        const bench = new Workbench(folder());
        const started = bench.host.start(NODES).catch((error: unknown) => error);
        if (round > 0) await started;
        if (round > 1)
          for (let index = 0; index < 100; index++) bench.tell('a', { type: 'add', bytes: 10 } as never);
        await bench[Symbol.asyncDispose]();
        await bench[Symbol.asyncDispose]();
        expect(readdirSync(folder()).filter((name) => name.startsWith('in-use'))).to.deep.equal([]);
      }
    });

    it('keeps no process alive', async () => {
      const script = nodeArguments(moduleBeside('./fixtures/start-and-dispose', import.meta.url));
      const { stdout, stderr } = await promisify(execFile)(process.execPath, [...script, folder()], {
        timeout: 30_000,
      });
      expect({ stdout, stderr }).to.deep.equal({ stdout: 'disposed\n', stderr: '' });
    });
  });
});
