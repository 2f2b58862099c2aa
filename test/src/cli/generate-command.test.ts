import { expect } from 'chai';
import { parseScenario } from '../../../src/scenario/scenario.ts';
import { Workplace } from './synod-process.ts';

describe('synod generate', function () {
  this.timeout(60_000);
  let workplace: Workplace;
  beforeEach(() => {
    workplace = new Workplace();
  });
  afterEach(() => workplace[Symbol.dispose]());

  it('writes a script that says how it was made, and can be run', async () => {
    const args = ['generate', '--topology', 'tree', '--commands', '40', '--value-bytes', '3', '--seed', '5'];
    const { status, stdout, stderr } = await workplace.run(args);
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
    expect(stdout).to.match(/^# protocol: eventual\n# topology=tree commands=40 servers=5 .* seed=5\n/);
    expect(stdout.trimEnd().split('\n')).to.have.length(42);
    expect(parseScenario('f', stdout).protocol).to.equal('eventual');
    const ran = await workplace.run(['run', '-'], stdout);
    expect(ran).to.deep.equal({ status: 0, stdout: '', stderr: '' });
  });

  for (const args of [
    ['--commands', '3'],
    ['--topology', 'star'],
  ]) {
    it(`refuses ${args.join(' ')} with status 2`, async () => {
      const { status, stdout, stderr } = await workplace.run(['generate', ...args]);
      expect({ status, stdout }).to.deep.equal({ status: 2, stdout: '' });
      expect(stderr).to.match(/a whole number from|Allowed choices/);
    });
  }
});
