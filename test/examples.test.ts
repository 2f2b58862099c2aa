import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { ROOT } from './files.ts';

const PRINTED: Record<string, readonly string[]> = {
  'eventual.ts': ['server 1 has not heard of it', 'colour is blue', 'server 7 has colour = blue'],
  'key-value.ts': [
    'colour is blue',
    'blue to green: true',
    'blue to red: false',
    'colour = green',
    'size = large',
    'up: 3 of 3',
  ],
  'own-application.ts': ['totals: 1 3 6', 'visits: 6'],
  'simulation.ts': ['colour is blue'],
  'transactions.ts': [
    'transfer: committed',
    'anna has 6, ben has 4',
    'too late: aborted, for there is a conflict',
    'without node 2: aborted',
    'with it: committed',
  ],
};

const folder = new URL('examples/', ROOT);

/** They import the built package by its name, as a user's program does. */
describe('the examples', () => {
  it('are all tried here', () => {
    expect(readdirSync(folder).sort()).to.deep.equal(Object.keys(PRINTED).sort());
  });

  for (const [name, lines] of Object.entries(PRINTED)) {
    it(`${name} prints what it should and ends by itself`, async () => {
      const path = fileURLToPath(new URL(name, folder));
      const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--import', 'tsx', path], {
        cwd: ROOT,
        timeout: 60_000,
      });
      expect(stdout.trimEnd().split('\n')).to.deep.equal(lines);
      expect(stderr).to.equal('');
    }).timeout(90_000);
  }
});
