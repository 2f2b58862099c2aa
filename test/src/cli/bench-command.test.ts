import { expect } from 'chai';
import { benchCommand } from '../../../src/cli/bench-command.ts';
import { Workplace } from './synod-process.ts';

describe('synod bench', function () {
  this.timeout(120_000);
  let workplace: Workplace;
  beforeEach(() => {
    workplace = new Workplace();
  });
  afterEach(() => workplace[Symbol.dispose]());

  it('prints a JSON line for each row', async () => {
    const { status, stdout, stderr } = await workplace.run([
      'bench',
      '--json',
      '--operations',
      'write,failover',
      '--in-flight',
      '2',
      '--seconds',
      '1',
      '--rounds',
      '1',
    ]);
    expect(stderr).to.equal('');
    expect(status).to.equal(0);
    const [write, failover]: Record<string, unknown>[] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(write).to.include({ protocol: 'paxos', operation: 'write', inFlight: 2 });
    for (const measured of ['perSecond', 'p50Ms', 'p99Ms']) expect(write?.[measured]).to.be.above(0);
    expect(failover).to.include({ protocol: 'paxos', operation: 'failover' });
    for (const measured of ['medianMs', 'worstMs']) expect(failover?.[measured]).to.be.above(0);
    expect(workplace.leftBehind).to.deep.equal([]);
  });

  it('measures how long a virtual minute takes', async () => {
    const args = ['bench', '--json', '--protocol', 'raft', '--operations', 'simulation', '--rounds', '1'];
    const { status, stdout, stderr } = await workplace.run(args);
    expect([stderr, status]).to.deep.equal(['', 0]);
    const row: Record<string, unknown> = JSON.parse(stdout);
    expect(row).to.include({ protocol: 'raft', operation: 'simulation', nodes: 3 });
    for (const measured of ['medianMs', 'bestMs', 'cpuMs']) expect(row[measured]).to.be.above(0);
  });

  it('measures nodes that keep all in memory, too', async () => {
    const args = [
      'bench',
      '--json',
      '--operations',
      'write',
      '--in-flight',
      '2',
      '--seconds',
      '1',
      '--rounds',
      '1',
    ];
    const { status, stdout } = await workplace.run([...args, '--journal', 'memory']);
    expect(status).to.equal(0);
    expect(JSON.parse(stdout).perSecond).to.be.above(0);
    expect(workplace.leftBehind).to.deep.equal([]);
  });

  it('measures two-phase commit beside another protocol, and what each costs', async () => {
    const args = ['--operations', 'write', '--in-flight', '4', '--seconds', '1', '--rounds', '1'];
    const { status, stdout } = await workplace.run([
      'bench',
      '--json',
      '--protocol',
      'paxos,2pc',
      '--coordinator',
      'single,replicated',
      ...args,
    ]);
    expect(status).to.equal(0);
    const rows: Record<string, unknown>[] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows.map(({ protocol, coordinator }) => [protocol, coordinator])).to.deep.equal([
      ['paxos', undefined],
      ['2pc', 'single'],
      ['2pc', 'replicated'],
    ]);
    for (const row of rows) {
      expect(row).to.include({ operation: 'write', inFlight: 4 });
      for (const measured of ['perSecond', 'messages', 'flushes']) expect(row[measured]).to.be.above(0);
    }
    expect(workplace.leftBehind).to.deep.equal([]);
  });

  it('measures the eventually consistent store: writes until all have them, and workloads', async () => {
    const args = [
      '--protocol',
      'eventual',
      '--operations',
      'write,workload',
      '--topologies',
      'tree,partition',
    ];
    const few = [
      '--commands',
      '80',
      '--value-bytes',
      '10',
      '--in-flight',
      '2',
      '--seconds',
      '1',
      '--rounds',
      '1',
    ];
    const { status, stdout, stderr } = await workplace.run(['bench', '--json', ...args, ...few]);
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
    const [write, ...workloads]: Record<string, unknown>[] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(write).to.include({ protocol: 'eventual', operation: 'write', inFlight: 2 });
    for (const measured of ['perSecond', 'p50Ms', 'p99Ms', 'messages', 'flushes'])
      expect(write?.[measured]).to.be.above(0);
    expect(
      workloads.map(({ topology, commands, valueBytes, inFlight }) => [
        topology,
        commands,
        valueBytes,
        inFlight,
      ]),
    ).to.deep.equal([
      ['tree', 80, 10, 1],
      ['tree', 80, 10, 4096],
      ['partition', 80, 10, 1],
      ['partition', 80, 10, 4096],
    ]);
    for (const { perSecond, seconds } of workloads)
      expect([perSecond, seconds].every((n) => Number(n) > 0)).to.equal(true);
    expect(workplace.leftBehind).to.deep.equal([]);
  });

  for (const args of [
    ['--operations', 'writes'],
    ['--protocol', '2pc', '--operations', 'failover'],
    ['--protocol', '2pc', '--nodes', '1'],
    ['--coordinator', 'replicated'],
    ['--protocol', '2pc', '--coordinator', 'both'],
    ['--in-flight', '1,none'],
    ['--seconds', '0'],
    ['--rounds', 'x'],
    ['--journal', 'memory', '--data', 'here'],
    ['--journal', 'paper'],
    ['--protocol', 'eventual', '--operations', 'failover'],
    ['--protocol', 'eventual', '--topologies', 'chain', '--commands', '10'],
  ]) {
    it(`refuses ${args.join(' ')}`, async () => {
      const command = benchCommand(() => {})
        .exitOverride()
        .configureOutput({ writeErr: () => {} });
      const outcome = await command.parseAsync(args, { from: 'user' }).catch((error: unknown) => error);
      expect(String(outcome)).to.match(
        /must be a whole number|is none of|--data goes with|Allowed choices are lmdb, memory|has no failover|a whole number from|2pc takes|--coordinator goes with/,
      );
    });
  }

  it('ends with status 2 where it is refused', async () => {
    const { status, stdout, stderr } = await workplace.run(['bench', '--seconds', '0']);
    expect([status, stdout]).to.deep.equal([2, '']);
    expect(stderr).to.match(/^synod: --seconds must be a whole number/);
  });
});
