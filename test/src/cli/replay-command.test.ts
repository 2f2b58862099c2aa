import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { UsageError } from '../../../src/cli/exit-status.ts';
import { exportCommand } from '../../../src/cli/export-command.ts';
import { replayCommand } from '../../../src/cli/replay-command.ts';
import { recordExperiment } from '../../../src/simulation/record.ts';
import { TraceFile } from '../../../src/traces/trace-file.ts';
import { moduleBeside } from '../../files.ts';
import { Workplace } from './synod-process.ts';

const FAULTY = fileURLToPath(moduleBeside('../../simulation/support/faulty-paxos', import.meta.url));

describe('synod replay', function () {
  this.timeout(60_000);
  const workplace = new Workplace();
  let path = '';
  before(async () => {
    path = workplace.file('run.jsonl', '');
    await recordExperiment(path, { protocol: 'paxos', seed: 11, nodes: 3, stormMs: 200 });
  });
  after(() => workplace[Symbol.dispose]());

  it('says that all is the same, with status 0', async () => {
    const { status, stdout, stderr } = await workplace.run(['replay', path]);
    expect(stderr).to.equal('');
    expect(stdout).to.match(/^paxos: [\d,]+ events the same, [\d.]+ ms of virtual time\n$/);
    expect(status).to.equal(0);
  });

  it('shows a recorded violation again, with status 1; simulate has written the first that failed', async () => {
    const failed = workplace.file('failed.jsonl', '');
    const swarm = ['--protocol', FAULTY, '--seeds', '3', '--nodes', '3', '--faults', 'crash,bomb,cut'];
    const simulated = await workplace.run(['simulate', ...swarm, '--trace', failed]);
    const [, message] = /\n {2}(one batch a slot: .*)\n/.exec(simulated.stdout) ?? [];
    expect(message).to.be.a('string');
    const { status, stdout } = await workplace.run(['replay', failed]);
    expect(stdout).to.match(/\nviolated again:\n {2}one batch a slot: /);
    expect(simulated.stdout).to.contain(stdout.trimEnd().split('\n').at(-1)!);
    expect(status).to.equal(1);
  });

  it('says where another program departs, with status 1', async () => {
    const { status, stdout } = await workplace.run(['replay', path, '--protocol', 'raft']);
    expect(stdout).to.match(/run\.jsonl:4: departs at event 3\n {2}recorded: .*\n {2}now: .*\n$/);
    expect(status).to.equal(1);
  });

  it('goes from event to event with --step, through a pipe too', async () => {
    const { status, stdout } = await workplace.run(['replay', path, '--step'], '\n\nq\n');
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => Number(line.slice(0, 8)))).to.deep.equal([1, 2, 3]);
    expect(lines[1]).to.equal('      2        0.000 ms  0 starts, life 1');
    expect(status).to.equal(0);
  });

  it('shows the actors of every node with --until, and each event with --verbose', async () => {
    const { status, stdout } = await workplace.run(['replay', path, '--until', '120', '--verbose']);
    const lines = stdout.split('\n');
    expect(lines.findIndex((line) => line.startsWith('    120  '))).to.equal(119);
    expect(stdout).to.match(/\nnode 0\n {2}acceptor: \S+ {2}\{.*\n {2}replica: /);
    expect(status).to.equal(0);
  });

  it('refuses what it cannot replay with status 2, and says why', async () => {
    const edited = readFileSync(path, 'utf8').split('\n');
    edited[40] = edited[40]!.replace('"n":40', '"n":41');
    const threads = workplace.file('threads.jsonl', '');
    const trace = new TraceFile(threads, {
      world: 'threads',
      protocol: 'paxos',
      nodes: ['0'],
      journal: 'lmdb',
    });
    trace.close({ violated: false });
    const cut = workplace.file('cut.jsonl', readFileSync(path, 'utf8').slice(0, 5000));
    const refused: Readonly<Record<string, RegExp>> = {
      [workplace.file('edited.jsonl', edited.join('\n'))]: /edited\.jsonl:41: .*edited\n$/,
      [cut]: /cut\.jsonl:\d+: the trace is cut off here; record it again\n$/,
      [FAULTY]: /faulty-paxos\.[jt]s:1: this is no trace: /,
      [threads]: /^synod: \S+threads\.jsonl was recorded on threads, .* \(SYNOD_NOT_REPLAYABLE\)\n$/,
      [`${workplace.path}/none`]: /^synod: cannot read \S+none: there is no such file\n$/,
    };
    for (const [file, says] of Object.entries(refused)) {
      const { status, stdout, stderr } = await workplace.run(['replay', file]);
      expect(stderr).to.match(says);
      expect([status, stdout]).to.deep.equal([2, '']);
    }
  });

  for (const args of [
    ['--until', '0'],
    ['--until', 'soon'],
    ['--protocol', 'gossip'],
  ]) {
    it(`refuses ${args.join(' ')}`, async () => {
      const command = replayCommand(() => {}).exitOverride();
      const outcome = await command
        .parseAsync([path, ...args], { from: 'user' })
        .catch((error: unknown) => error);
      expect(outcome).to.be.instanceOf(UsageError);
    });
  }

  it('export writes a file, or standard output', async () => {
    const out = `${workplace.path}/run.json`;
    const { status, stdout } = await workplace.run(['export', '--format', 'chrome', path, '-o', out]);
    expect([status, stdout]).to.deep.equal([0, '']);
    expect(JSON.parse(readFileSync(out, 'utf8')).traceEvents.length).to.be.above(100);
    const drawn = await workplace.run(['export', '--format', 'mermaid', path, '--until', '50']);
    expect(drawn.stdout).to.match(/^sequenceDiagram\n/);
    const large = await workplace.run(['export', '--format', 'mermaid', path]);
    expect(large.stderr).to.match(/^synod: \d+ events found no room, /);
    writeFileSync(out, '');
    const unwritable = exportCommand(() => {}).exitOverride();
    const args = [path, '--format', 'shiviz', '-o', `${out}/below`];
    const outcome = await unwritable.parseAsync(args, { from: 'user' }).catch((error: unknown) => error);
    expect(outcome).to.be.instanceOf(UsageError);
  });
});
