import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { SIMULATED_PROTOCOL_NAMES } from '../../src/simulation/protocols/index.ts';
import { moduleBeside, nodeArguments } from '../files.ts';
import { traceOf } from './support/trace-of.ts';

const SEEDS = [3, 5];

describe('the same seed gives the same trace, byte for byte', () => {
  const runs = SIMULATED_PROTOCOL_NAMES.flatMap((protocol) => SEEDS.map((seed) => ({ protocol, seed })));
  for (const { protocol, seed } of runs) {
    it(`${protocol}, seed ${seed}: twice in this process, and in another`, async function () {
      this.timeout(60_000);
      const first = await traceOf(protocol, seed);
      const second = await traceOf(protocol, seed);
      const at = first.findIndex((line, index) => line !== second[index]);
      if (at >= 0) expect(second[at], `line ${at}`).to.equal(first[at]);
      expect(second).to.have.length(first.length);

      const script = nodeArguments(moduleBeside('./support/print-trace-digest', import.meta.url));
      const run = promisify(execFile);
      const { stdout } = await run(process.execPath, [...script, protocol, String(seed)]);
      expect(stdout).to.equal(createHash('sha256').update(first.join('\n')).digest('hex'));
    });
  }

  for (const protocol of SIMULATED_PROTOCOL_NAMES) {
    it(`another seed gives another trace of ${protocol}`, async () => {
      const [three, four] = [await traceOf(protocol, 3), await traceOf(protocol, 4)];
      expect(three.join('\n') === four.join('\n')).to.equal(false);
    });
  }
});
