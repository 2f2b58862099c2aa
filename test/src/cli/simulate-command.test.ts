import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { UsageError } from '../../../src/cli/exit-status.ts';
import { simulateCommand } from '../../../src/cli/simulate-command.ts';
import { SIMULATED_PROTOCOL_NAMES } from '../../../src/simulation/protocols/index.ts';
import { moduleBeside } from '../../files.ts';
import { ended, Workplace } from './synod-process.ts';

const FAULTY = fileURLToPath(moduleBeside('../../simulation/support/faulty-paxos', import.meta.url));
const NO_PROTOCOL = fileURLToPath(moduleBeside('../../../src/errors', import.meta.url));

describe('synod simulate', function () {
  this.timeout(120_000);
  let workplace: Workplace;
  beforeEach(() => {
    workplace = new Workplace();
  });
  afterEach(() => workplace[Symbol.dispose]());

  for (const protocol of SIMULATED_PROTOCOL_NAMES) {
    it(`finds nothing in some seeds of ${protocol}, and says how many there were`, async () => {
      const args = ['simulate', '--protocol', protocol, '--seeds', '3', '--seed-from', '5'];
      const { status, stdout, stderr } = await workplace.run(args);
      expect(stderr).to.equal('');
      expect(stdout).to.match(new RegExp(`^${protocol}: 3 seeds, 0 violated; .* seeds/s\n$`));
      expect(status).to.equal(0);
      expect(workplace.leftBehind).to.deep.equal([]);
    });
  }

  it('tells of one seed which faults there were, and what came of it; the same each time', async () => {
    const runs = await Promise.all(
      [1, 2].map(() => workplace.run(['simulate', '--seed', '3', '--faults', 'crash,loss=0.5'])),
    );
    const [{ status, stdout }] = runs as [(typeof runs)[number]];
    expect(status).to.equal(0);
    expect(stdout).to.match(/^paxos, seed 3: \d nodes; nothing was violated\n/);
    expect(stdout).to.match(/\n {2}loss .*\n {2}crash /);
    expect(stdout).to.not.contain('partition');
    expect(runs[1]?.stdout).to.equal(stdout);
  });

  it('prints a JSON line for all, with what was measured', async () => {
    const { status, stdout } = await workplace.run(['simulate', '--seeds', '2', '--json', '--nodes', '3']);
    expect(status).to.equal(0);
    const tally: Record<string, unknown> = JSON.parse(stdout);
    expect(tally).to.include({ protocol: 'paxos', seeds: 2, violated: 0 });
    expect(tally.virtualMs).to.be.above(2000);
  });

  it('shows a violation with what led to it, and the command that replays it, with status 1', async () => {
    const args = [
      'simulate',
      '--protocol',
      FAULTY,
      '--seeds',
      '12',
      '--nodes',
      '3',
      '--faults',
      'crash,bomb,cut',
    ];
    const { status, stdout } = await workplace.run(args);
    expect(status).to.equal(1);
    expect(stdout).to.match(/faulty-paxos: 12 seeds, [1-9]\d* violated/);
    expect(stdout).to.match(/^seed \d+ fails\n {2}[a-z ,]+: .*\n/m);
    expect(stdout).to.match(/\n {2}the last steps:\n +\d+\.\d{3} ms {2}\S/);
    const [, again] = / {2}again: npx synod (.*)\n/.exec(stdout) ?? [];
    expect(again).to.match(
      /^simulate --protocol file:\S*faulty-paxos\.[jt]s --seed \d+ --faults cut,crash,bomb --nodes 3$/,
    );
    const replayed = await workplace.run(again!.split(' '));
    expect(replayed.status).to.equal(1);
    expect(stdout).to.contain(replayed.stdout);
  });

  it('ends on Ctrl-C with the tally so far', async () => {
    const child = workplace.start(['simulate', '--until', '1h', '--json', '--protocol', FAULTY], '');
    const end = ended(child);
    // One seed has failed, so some are done.
    await once(child.stdout!, 'data');
    child.kill('SIGINT');
    const { status, stdout } = await end;
    expect(status).to.equal(130);
    const lines: Record<string, unknown>[] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.at(-1)).to.include({ protocol: 'faulty-paxos' });
    expect(lines.at(-1)?.violated).to.equal(lines.length - 1);
  });

  it('begins no seed after --until', async () => {
    const { status, stdout } = await workplace.run(['simulate', '--until', '1s']);
    expect(status).to.equal(0);
    expect(stdout).to.match(/^paxos: \d+ seeds, 0 violated/);
  });

  const refused: Readonly<Record<string, readonly string[]>> = {
    'a seed that is no number': ['--seed', 'seven'],
    'a seed below 0': ['--seed', '-1'],
    'no seeds': ['--seeds', '0'],
    'a first seed that is no number': ['--seed-from', 'x'],
    'one seed, and many': ['--seed', '1', '--seeds', '2'],
    'a time without unit': ['--until', '10'],
    'a protocol that there is not': ['--protocol', 'gossip'],
    'a module that exports none': ['--protocol', NO_PROTOCOL],
    'a fault that there is not': ['--faults', 'crash,flood'],
    'a strength that is none': ['--faults', 'loss=much'],
    'more nodes than there may be': ['--nodes', '26'],
  };
  for (const [what, args] of Object.entries(refused)) {
    it(`refuses ${what}`, async () => {
      const command = simulateCommand(() => {}).exitOverride();
      const outcome = await command.parseAsync(args, { from: 'user' }).catch((error: unknown) => error);
      expect(outcome).to.be.instanceOf(UsageError);
      expect(String(outcome)).to.contain(args[0]);
    });
  }

  it('ends with status 2 where it is refused', async () => {
    const { status, stdout, stderr } = await workplace.run(['simulate', '--seed', 'seven']);
    expect(status).to.equal(2);
    expect(stdout).to.equal('');
    expect(stderr).to.equal('synod: --seed must be a whole number of at least 0, not "seven"\n');
  });
});
