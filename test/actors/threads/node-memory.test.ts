import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ThreadHost } from '../../../actors/threads/thread-host.ts';
import { itInLongRuns } from '../../long.ts';
import { useFolderOnce, useTemporaryFolder } from './temporary-folder.ts';
import { WORKBENCH, Workbench } from './workbench.ts';

const NODES = ['a', 'b', 'c'];
const add = { type: 'add', bytes: 10 } as never;
const recall = { type: 'recall' } as never;
const store = (text: string) => ({ type: 'store', text }) as never;
const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : error instanceof Error ? error.message : error;
const rejection = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (reason: unknown) => codeOf(reason),
  );

/** Ways in which a journal or a store is lost, and what the node is warned with, or refused. */
const DAMAGE: Readonly<
  Record<string, readonly [spoil: (folder: string) => void, warning: string, refusal: string]>
> = {
  'overwritten by something else': [
    (folder) => writeFileSync(join(folder, 'data.mdb'), 'this is no journal'),
    'SYNOD_SET_ASIDE',
    'SYNOD_CORRUPT_JOURNAL',
  ],
  'cut short': [
    (folder) => truncateSync(join(folder, 'data.mdb'), 9000),
    'SYNOD_SET_ASIDE',
    'SYNOD_CORRUPT_JOURNAL',
  ],
  'with a record that has rotted': [
    (folder) => rot(join(folder, 'data.mdb')),
    'SYNOD_SET_ASIDE',
    'SYNOD_CORRUPT_RECORD',
  ],
  emptied: [(folder) => truncateSync(join(folder, 'data.mdb')), 'SYNOD_SET_ASIDE', 'SYNOD_CORRUPT_JOURNAL'],
  deleted: [(folder) => rmSync(folder, { recursive: true }), 'SYNOD_FILES_MISSING', 'SYNOD_CORRUPT_JOURNAL'],
};

/** Changes a byte of each place where the text stands that all records of these tests have. */
function rot(file: string): void {
  const content = readFileSync(file);
  let found = 0;
  for (let at = content.indexOf('rotten'); at >= 0; at = content.indexOf('rotten', at + 1)) {
    content[at]! ^= 1;
    found += 1;
  }
  expect(found).to.be.greaterThan(0);
  writeFileSync(file, content);
}

describe('what a node of a host of threads remembers', function () {
  this.timeout(60_000);
  const folder = useTemporaryFolder();
  const pathOf = (node: string, kind: 'journal' | 'store') => join(folder(), node, kind);

  const filled = useFolderOnce(async (path) => {
    await using bench = new Workbench(path);
    await bench.host.start(NODES);
    for (const node of NODES) {
      await bench.ask(node, { type: 'keep', text: 'rotten' } as never);
      await bench.ask(node, store('rotten'));
    }
  });

  /** Gives the nodes the files of a life in which each has kept something in both. */
  function fill(): void {
    cpSync(filled(), folder(), { recursive: true });
  }

  it('is nothing at first, and then everything', async () => {
    {
      await using bench = new Workbench(folder());
      await bench.host.start(['a', 'b']);
      expect(await bench.ask('a', recall)).to.include({ memory: 'new', count: 0 });
      await bench.ask('a', add);
      await bench.host.kill('a');
      await bench.host.kill('b');
      await bench.host.start(['a', 'b']);
      expect(await bench.ask('a', recall)).to.include({ memory: 'kept', count: 1 });
      // It has run, though it has written nothing.
      expect(await bench.ask('b', recall)).to.include({ memory: 'kept', count: 0 });
    }
    await using bench = new Workbench(folder());
    await bench.host.start(NODES);
    expect(await bench.ask('a', recall)).to.include({ memory: 'kept', count: 1 });
    expect(await bench.ask('c', recall)).to.include({ memory: 'new' });
    await bench.host.remove('a');
    await bench.host.add('a');
    expect(await bench.ask('a', recall)).to.include({ memory: 'new', count: 0 });
    expect(bench.warnings).to.deep.equal([]);
  });

  it('is not taken to have been when the node has not run, because its program did not load', async () => {
    {
      await using bench = new Workbench(folder(), {
        program: { module: WORKBENCH, options: 'refuse to load' },
      });
      await rejection(bench.host.start(NODES));
    }
    await using bench = new Workbench(folder());
    await bench.host.start(NODES);
    expect(await bench.ask('a', recall)).to.include({ memory: 'new' });
  });

  for (const [kind, how] of [
    ['journal', 'with a record that has rotted'],
    ['journal', 'deleted'],
    ['store', 'cut short'],
  ] as const) {
    it(`is not given up where damage is refused: with a ${kind} that was ${how} it does not start`, async () => {
      const [spoil, , refusal] = DAMAGE[how]!;
      fill();
      spoil(pathOf('b', kind));
      const before = readdirSync(join(folder(), 'b'));
      await using bench = new Workbench(folder(), { damaged: 'refuse' });
      await bench.host.start(['a', 'c']);
      expect(await rejection(bench.host.start(['b']))).to.equal(refusal);
      expect(readdirSync(join(folder(), 'b'))).to.deep.equal(before);
      expect(bench.warnings).to.deep.equal([]);
      expect(await bench.ask('a', recall)).to.include({ memory: 'kept', stored: 'rotten' });
    });
  }

  for (const [how, [spoil, warning]] of Object.entries(DAMAGE)) {
    it(`is lost with a journal that was ${how}, which is set aside`, async () => {
      fill();
      spoil(pathOf('b', 'journal'));
      {
        await using bench = new Workbench(folder());
        await bench.host.start(NODES);
        expect(await bench.ask('b', recall)).to.include({ memory: 'lost', count: 0, stored: 'rotten' });
        expect(await bench.ask('a', recall)).to.include({ memory: 'kept', count: 1, stored: 'rotten' });
        expect(bench.warnings.map(codeOf)).to.deep.equal([warning]);
        expect(bench.warnings[0]).to.have.property('message').that.contains(pathOf('b', 'journal'));
        expect(existsSync(`${pathOf('b', 'journal')}.damaged-1`)).to.equal(warning === 'SYNOD_SET_ASIDE');
        // Still lost: nothing has been written since. Then it is what was written.
        await bench.host.kill('b');
        await bench.host.start(['b']);
        expect(await bench.ask('b', recall)).to.include({ memory: 'lost' });
        await bench.ask('b', add);
        await bench.host.kill('b');
        await bench.host.start(['b']);
        expect(await bench.ask('b', recall)).to.include({ memory: 'kept', count: 1 });
        expect(bench.warnings).to.have.length(1);
      }
      await using bench = new Workbench(folder());
      await bench.host.start(NODES);
      expect(await bench.ask('b', recall)).to.include({ memory: 'kept', count: 1 });
    });

    it(`is not lost with a store that was ${how}`, async () => {
      fill();
      spoil(pathOf('b', 'store'));
      await using bench = new Workbench(folder());
      await bench.host.start(NODES);
      const recalled = await bench.ask('b', recall);
      expect(recalled).to.include({ memory: 'kept', count: 1 }).and.have.property('stored', undefined);
      expect(bench.warnings.map(codeOf)).to.deep.equal([warning]);
      expect(existsSync(`${pathOf('b', 'store')}.damaged-1`)).to.equal(warning === 'SYNOD_SET_ASIDE');
    });
  }

  it('is looked at when the node starts again in the same host, too', async () => {
    await using bench = new Workbench(folder());
    await bench.host.start(NODES);
    await bench.ask('b', { type: 'keep', text: 'rotten' } as never);
    for (const [round, [spoil]] of Object.values(DAMAGE).entries()) {
      await bench.host.kill('b');
      spoil(pathOf('b', 'journal'));
      await bench.host.start(['b']);
      expect(await bench.ask('b', recall)).to.include({ memory: 'lost' });
      await bench.ask('b', { type: 'keep', text: 'rotten' } as never);
      expect(bench.warnings).to.have.length(round + 1);
    }
    const aside = readdirSync(join(folder(), 'b')).filter((name) => name.startsWith('journal.damaged'));
    expect(aside.sort()).to.deep.equal([1, 2, 3, 4].map((number) => `journal.damaged-${number}`));
  });

  it('is back when the journal was put back', async () => {
    fill();
    writeFileSync(join(pathOf('b', 'journal'), 'spare'), '');
    renameSync(pathOf('b', 'journal'), join(folder(), 'copy'));
    {
      await using bench = new Workbench(folder());
      await bench.host.start(NODES);
      expect(await bench.ask('b', recall)).to.include({ memory: 'lost' });
    }
    rmSync(pathOf('b', 'journal'), { recursive: true });
    renameSync(join(folder(), 'copy'), pathOf('b', 'journal'));
    await using bench = new Workbench(folder());
    await bench.host.start(NODES);
    expect(await bench.ask('b', recall)).to.include({ memory: 'kept', count: 1 });
  });

  it('is lost as long as the program refuses to run like that, and keeps nobody else from starting', async () => {
    fill();
    rmSync(join(folder(), 'b'), { recursive: true });
    await using bench = new Workbench(folder(), {
      program: { module: WORKBENCH, options: 'refuse to run lost' },
    });
    for (const nodes of [NODES, ['b'], ['b']]) {
      expect(await rejection(bench.host.start(nodes))).to.equal('it has lost its memory');
    }
    await bench.host.start(['a', 'c']);
    expect(await bench.ask('a', recall)).to.include({ memory: 'kept' });
    expect(bench.warnings.map(codeOf)).to.deep.equal(['SYNOD_FILES_MISSING', 'SYNOD_FILES_MISSING']);
  });

  it('does not depend on files that cannot be used just now: they say nothing of what they hold', async () => {
    fill();
    const file = join(pathOf('b', 'journal'), 'data.mdb');
    renameSync(file, join(folder(), 'away'));
    mkdirSync(file);
    {
      await using bench = new Workbench(folder());
      expect(await rejection(bench.host.start(NODES))).to.equal('SYNOD_DISK_FAILED');
      expect(bench.warnings).to.deep.equal([]);
    }
    rmSync(file, { recursive: true });
    renameSync(join(folder(), 'away'), file);
    await using bench = new Workbench(folder());
    await bench.host.start(NODES);
    expect(await bench.ask('b', recall)).to.include({ memory: 'kept', count: 1 });
  });

  describe('when too many have lost it', () => {
    const combinations = Array.from({ length: 8 }, (_, bits) =>
      NODES.filter((_, index) => bits & (1 << index)),
    );
    for (const kind of ['journal', 'store'] as const) {
      for (const lost of combinations) {
        const enough = lost.length < 2;
        const whose = lost.length === 0 ? 'none' : lost.join(', ');
        // In CI: one, two and three of them.
        const define = lost.length > 0 && lost.at(-1) === NODES[lost.length - 1] ? it : itInLongRuns;
        define(
          `${enough ? 'does not keep' : 'keeps'} three from starting where the ${kind} of ${whose} is damaged`,
          async () => {
            fill();
            const spoils = Object.values(DAMAGE);
            for (const [index, node] of lost.entries()) spoils[index]![0](pathOf(node, kind));
            const before = lost.map((node) => readdirSync(join(folder(), node)));
            await using bench = new Workbench(folder());
            const outcome = await rejection(bench.host.start(NODES));
            if (enough) {
              expect(outcome).to.equal(undefined);
              expect(bench.warnings).to.have.length(lost.length);
              return;
            }
            const refusal = spoils[0]![2];
            expect(outcome).to.equal(refusal);
            // Nor one by one: those that are to start later count as they would then.
            for (const node of lost)
              expect(await rejection(bench.host.start([node]))).to.match(/^SYNOD_CORRUPT_/);
            for (const node of NODES) {
              if (!lost.includes(node)) await bench.host.start([node]);
            }
            for (const node of lost)
              expect(await rejection(bench.host.start([node]))).to.match(/^SYNOD_CORRUPT_/);
            expect(bench.warnings).to.deep.equal([]);
            expect(lost.map((node) => readdirSync(join(folder(), node)))).to.deep.equal(before);
          },
        );
      }
    }

    it('counts the members that there are now, and takes in that one has lost it that runs', async () => {
      {
        await using bench = new Workbench(folder());
        await bench.host.start(NODES);
        for (const node of ['d', 'e']) await bench.host.add(node);
      }
      const nodes = [...NODES, 'd', 'e'];
      for (const node of ['a', 'd']) rmSync(join(folder(), node), { recursive: true });
      await using bench = new Workbench(folder());
      await bench.host.open();
      await bench.host.start(nodes);
      expect(await bench.ask('d', recall)).to.include({ memory: 'lost' });
      await bench.host.kill('e');
      rmSync(join(folder(), 'e'), { recursive: true });
      expect(await rejection(bench.host.start(['e']))).to.equal('SYNOD_CORRUPT_JOURNAL');
      await bench.host.remove('a');
      // Now two of four have theirs, which is no majority either; when one more is gone, two of three.
      expect(await rejection(bench.host.start(['e']))).to.equal('SYNOD_CORRUPT_JOURNAL');
      await bench.host.remove('d');
      await bench.host.start(['e']);
      expect(await bench.ask('e', recall)).to.include({ memory: 'lost' });
    });

    it('is no matter for nodes that never ran', async () => {
      await (async () => {
        await using bench = new Workbench(folder());
        await bench.host.open();
      })();
      for (const node of NODES) {
        mkdirSync(pathOf(node, 'journal'), { recursive: true });
        writeFileSync(join(pathOf(node, 'journal'), 'data.mdb'), 'half a fi');
      }
      await using bench = new Workbench(folder());
      await bench.host.start(NODES);
      expect(await bench.ask('a', recall)).to.include({ memory: 'new' });
      expect(bench.warnings.map(codeOf)).to.deep.equal(NODES.map(() => 'SYNOD_SET_ASIDE'));
    });
  });

  describe('where no node can do without', () => {
    for (const kind of ['journal', 'store'] as const) {
      for (const [how, [spoil, , refusal]] of Object.entries(DAMAGE)) {
        const define = kind === 'journal' || how === 'cut short' ? it : itInLongRuns;
        define(
          `keeps a node from starting whose ${kind} was ${how}, touches nothing, and lets the others`,
          async () => {
            fill();
            spoil(pathOf('b', kind));
            const before = readdirSync(join(folder(), 'b'));
            await using bench = new Workbench(folder(), { damaged: 'refuse' });
            for (const nodes of [NODES, ['b']])
              expect(await rejection(bench.host.start(nodes))).to.equal(refusal);
            await bench.host.start(['a', 'c']);
            expect(await bench.ask('a', recall)).to.include({ memory: 'kept', count: 1 });
            expect(bench.warnings).to.deep.equal([]);
            expect(readdirSync(join(folder(), 'b'))).to.deep.equal(before);
          },
        );
      }
    }
  });

  describe('in a folder of version 1', () => {
    async function makeOld(): Promise<void> {
      fill();
      const file = join(folder(), 'cluster.json');
      const { protocol, nodes, cluster } = JSON.parse(readFileSync(file, 'utf8'));
      writeFileSync(file, JSON.stringify({ formatVersion: 1, protocol, nodes, cluster }));
    }

    it('is as it was', async () => {
      await makeOld();
      await using bench = new Workbench(folder());
      await bench.host.start(NODES);
      for (const node of NODES)
        expect(await bench.ask(node, recall)).to.include({ memory: 'kept', count: 1 });
    });

    it('is lost for the one whose files are gone', async () => {
      await makeOld();
      rmSync(join(folder(), 'c'), { recursive: true });
      await using bench = new Workbench(folder());
      await bench.host.start(NODES);
      expect(await bench.ask('c', recall)).to.include({ memory: 'lost' });
    });
  });

  describe('in its own memory', () => {
    it('is lost when it ends, and nothing is written to disk', async () => {
      await using bench = new Workbench(undefined);
      await bench.host.start(NODES);
      expect(await bench.ask('a', recall)).to.include({ memory: 'new' });
      await bench.ask('a', add);
      expect(await bench.ask('a', add)).to.include({ count: 2 });
      await bench.ask('a', store('kept'));
      await bench.host.kill('a');
      await bench.host.start(['a']);
      const recalled = await bench.ask('a', recall);
      expect(recalled).to.include({ memory: 'lost', count: 0 }).and.have.property('stored', undefined);
      await bench.ask('a', add);
      await bench.host.kill('a');
      await bench.host.start(['a']);
      expect(await bench.ask('a', recall)).to.include({ memory: 'lost', count: 0 });
      expect(bench.warnings).to.deep.equal([]);
      expect(readdirSync(folder())).to.deep.equal([]);
    });

    it('is new for a node that is added, also under the name of one that was removed', async () => {
      await using bench = new Workbench(undefined);
      await bench.host.start(NODES);
      await bench.host.remove('b');
      await bench.host.add('b');
      expect(await bench.ask('b', recall)).to.include({ memory: 'new' });
      expect(bench.host.nodes).to.have.members(NODES);
    });

    it('lets go of a turn in the order that a disk has: first what is early, then what waits', async () => {
      for (const dataDir of [undefined, folder()]) {
        await using bench = new Workbench(dataDir);
        await bench.host.start(NODES);
        const heard = bench.listen('a', { type: 'both', to: 'b/bench' } as never, 2);
        expect((await Promise.all(heard)).map(({ text }) => text)).to.deep.equal(['early', 'held']);
      }
    });

    it('needs no folder, and may have none; a journal on disk needs one', () => {
      const program = { module: 'data:,', options: undefined };
      const options = { nodes: NODES, program, identity: { protocol: 'bench' } };
      expect(() => new ThreadHost(options)).to.throw(TypeError, /dataDir/);
      expect(() => new ThreadHost({ ...options, journal: 'memory', dataDir: folder() })).to.throw(TypeError);
    });
  });
});
