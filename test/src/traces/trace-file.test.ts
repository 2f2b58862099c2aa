import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { BadOptionError } from '../../../src/errors.ts';
import { BadTraceError } from '../../../src/traces/errors.ts';
import { readTrace } from '../../../src/traces/read-trace.ts';
import type { TraceFileRecord } from '../../../src/traces/trace.ts';
import { TraceFile } from '../../../src/traces/trace-file.ts';
import { TraceLines } from '../../../src/traces/trace-lines.ts';
import { Workplace } from '../cli/synod-process.ts';

const RECORDS: readonly TraceFileRecord[] = [
  { atMs: 0, event: 'begin', nodes: 2, faults: { loss: 0.25 } },
  { atMs: 0.5, event: 'start', node: '0', life: 1 },
  { atMs: 1, event: 'state', node: '0', actor: '0/leader', on: 'ünïcode', before: null, after: { a: 'b' } },
  { atMs: 2.25, event: 'send', id: '1', from: '0', to: '1', bytes: 7, checksum: 9, messages: ['p1a'] },
];

describe('a trace file', () => {
  const workplace = new Workplace();
  after(() => workplace[Symbol.dispose]());

  function written(close = true): string {
    const path = workplace.file('run.jsonl', 'what was there before');
    const trace = new TraceFile(path, { world: 'simulated', protocol: 'paxos', seed: 7 });
    for (const record of RECORDS) trace.write(record);
    if (close) trace.close({ violated: true, invariant: 'agreement', message: 'slot 1\nhas two' });
    trace[Symbol.dispose]();
    return readFileSync(path, 'utf8');
  }

  function refused(content: string): { readonly line: number; readonly message: string } {
    try {
      readTrace('run.jsonl', content);
    } catch (error) {
      if (error instanceof BadTraceError) return error;
      throw error;
    }
    return { line: 0, message: 'it was read' };
  }

  /** A file as another program may have written it: each line has its check. */
  function checked(...values: readonly object[]): string {
    const lines = new TraceLines();
    return values.map((value) => `${lines.write(value)}\n`).join('');
  }

  it('is read as it was written', () => {
    const { header, records, outcome } = readTrace('run.jsonl', written());
    expect(header).to.deep.include({ trace: 'synod', version: 1 });
    expect(header.run).to.deep.equal({ world: 'simulated', protocol: 'paxos', seed: 7 });
    expect(records).to.deep.equal(RECORDS);
    expect(outcome).to.deep.equal({ violated: true, invariant: 'agreement', message: 'slot 1\nhas two' });
  });

  it('has a line of JSON for each event', () => {
    const lines = written().trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).event)).to.deep.equal([
      undefined,
      'begin',
      'start',
      'state',
      'send',
      'end',
    ]);
  });

  it('is known to be cut off wherever it is cut', () => {
    const content = written();
    for (let end = 0; end < content.length; end += 7) {
      const { line, message } = refused(content.slice(0, end));
      expect(message).to.match(/cut off|no trace/);
      expect(line).to.equal(content.slice(0, end).split('\n').length);
    }
    expect(refused(written(false)).message).to.equal(
      'run.jsonl:6: the trace is cut off: its last line is missing. Record it again',
    );
  });

  it('is known to be edited, and where', () => {
    const content = written();
    const lines = content.split('\n');
    for (const [index, line] of lines.entries()) {
      if (line === '') continue;
      const changed = lines.with(index, line.replace(/([0-9])(?=[^0-9"]*,"check")/, 'x'));
      const { line: at, message } = refused(changed.join('\n'));
      if (changed[index] !== line) expect([at, message]).to.deep.equal([index + 1, message]);
      const without = lines.toSpliced(index, 1).join('\n');
      expect(refused(without).line).to.be.oneOf([index + 1, 1]);
    }
    expect(refused(content.replace('"atMs":1,', '"atMs":3,'))).to.deep.include({
      line: 4,
      message: 'run.jsonl:4: this line, or one before it, is not as it was written: the trace was edited',
    });
    const swapped = [lines[0], lines[2], lines[1], ...lines.slice(3)].join('\n');
    expect(refused(swapped).line).to.equal(2);
    expect(refused(`${content}{}\n`)).to.include({ line: 7 });
  });

  it('of another version is refused, and says of which', () => {
    const other = checked({ trace: 'synod', version: 2, program: '9.1.0', run: {} });
    expect(refused(other).message).to.equal(
      'run.jsonl:1: a trace of version 2, written by Synod 9.1.0; this one reads version 1: record it again, or read it ' +
        'with that one',
    );
  });

  it('with an event that nobody knows is refused', () => {
    const header = {
      trace: 'synod',
      version: 1,
      program: '0',
      run: { world: 'simulated', protocol: 'p', seed: 1 },
    };
    const strange = checked(header, { n: 1, atMs: 0, event: 'explode' });
    expect(refused(strange)).to.deep.include({
      line: 2,
      message: 'run.jsonl:2: is no event that this version knows',
    });
    const unfit = checked(header, { n: 1, atMs: 0, event: 'start', node: 7, life: 1 });
    expect(refused(unfit)).to.include({ line: 2 });
    const shifted = checked(header, { n: 2, atMs: 0, event: 'start', node: '7', life: 1 });
    expect(refused(shifted)).to.include({ line: 2 });
    const nowhere = checked({ ...header, run: { world: 'elsewhere' } });
    expect(refused(nowhere).message).to.equal('run.jsonl:1: the trace does not say what was run');
  });

  for (const [what, content] of Object.entries({
    'an empty file': '',
    'a text': 'to be\nor not to be\n',
    'other JSON': '{"type":"invoke"}\n',
    'a list': '[]\n',
  })) {
    it(`is not ${what}`, () => {
      expect(refused(content)).to.include({ line: 1 });
      expect(refused(content).message).to.match(/^run\.jsonl:1: this is no trace/);
    });
  }

  it('that cannot be written is refused at once', () => {
    const path = `${workplace.path}/no/such/folder`;
    expect(() => new TraceFile(path, { world: 'simulated', protocol: 'paxos', seed: 7 })).to.throw(
      BadOptionError,
    );
  });
});
