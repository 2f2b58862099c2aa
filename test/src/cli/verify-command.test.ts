import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { ROOT } from '../../files.ts';
import { Workplace } from './synod-process.ts';

const FIXTURES = fileURLToPath(new URL('fixtures/histories/', ROOT));

const STALE = `${FIXTURES}kv-one-key-is-stale.edn`;
const SNAPSHOT = `${FIXTURES}txn-stale-snapshot.edn`;

/** Appends at once, of which no order leads to what is read in the end, and there are too many to try. */
const HARD = [
  ...Array.from({ length: 26 }, (_, index) =>
    line(index, 'invoke', 'append', String.fromCharCode(97 + index)),
  ),
  ...Array.from({ length: 26 }, (_, index) => line(index, 'ok', 'append', String.fromCharCode(97 + index))),
  line(99, 'invoke', 'put', ''),
  line(99, 'ok', 'put', ''),
  line(99, 'invoke', 'get', null),
  line(99, 'ok', 'get', 'never'),
].join('\n');

function line(process: number, type: string, f: string, value: string | null): string {
  return JSON.stringify({ process, type, f, key: 'x', value });
}

describe('synod verify', function () {
  this.timeout(60_000);
  let workplace: Workplace;
  beforeEach(() => {
    workplace = new Workplace();
  });
  afterEach(() => workplace[Symbol.dispose]());

  it('says ok, and no more, with status 0', async () => {
    const outcome = await workplace.run([
      'verify',
      '--model',
      'register',
      `${FIXTURES}register-cas-chain.edn`,
    ]);
    expect(outcome).to.deep.equal({ status: 0, stdout: 'ok\n', stderr: '' });
  });

  it('says violated, and draws the part that is, with status 1', async () => {
    const outcome = await workplace.run(['verify', '--model', 'kv', STALE]);
    expect(outcome).to.deep.equal({
      status: 1,
      stdout: [
        'violated',
        '',
        'no order of these operations of "y" explains what they returned:',
        '',
        '0  ├─ put "y" "1" ─┤ ├─ put "y" "2" ─┤',
        '1                                      ├─ get "y" "1" ─┤',
        '',
        'line 7-8, process 0: put "y" "1"',
        'line 9-10, process 0: put "y" "2"',
        'line 13-14, process 1: get "y" "1"',
        '',
      ].join('\n'),
      stderr: '',
    });
  });

  it('says unknown when the time is up, with status 3', async () => {
    const outcome = await workplace.run(['verify', '--model', 'kv', '--time-limit', '0.2', '-'], HARD);
    expect(outcome).to.deep.equal({
      status: 3,
      stdout: 'unknown\n\nthe time limit was reached; nothing wrong was found until then\n',
      stderr: '',
    });
  });

  it('judges sessions of a store that keeps concurrent puts side by side', async () => {
    const step = (process: number, f: string, value: string) =>
      ['invoke', 'ok'].map((type) => line(process, type, f, f === 'get' && type === 'invoke' ? null : value));
    // 3 follows 1, and shows beside 2 as little as 2 does beside 1.
    const history = [step(0, 'put', '1'), step(1, 'put', '2'), step(1, 'get', '1'), step(0, 'put', '3')];
    const file = workplace.file('sessions.jsonl', [...history, step(0, 'get', '2')].flat().join('\n'));
    const model = ['verify', '--model', 'sessions', file];
    expect((await workplace.run(model)).stdout).to.match(/^violated\n/);
    expect(await workplace.run([...model, '--siblings'])).to.deep.include({ status: 0, stdout: 'ok\n' });
  });

  it('judges transactions, in real time if it is to be strict', async () => {
    const model = ['verify', '--model', 'transactions'];
    expect((await workplace.run([...model, SNAPSHOT])).status).to.equal(0);
    const { status, stdout } = await workplace.run([...model, '--strict', SNAPSHOT]);
    expect(status).to.equal(1);
    expect(stdout).to.match(/^violated\n\nG-single-realtime: /);
    expect(stdout).to.include('T1 ──rw──▶ T2  T1 did not see in :x the 1 that T2 appended');
  });

  it('judges sessions', async () => {
    const path = `${FIXTURES}session-own-put-unseen.edn`;
    const { status, stdout } = await workplace.run(['verify', '--model', 'sessions', path]);
    expect(status).to.equal(1);
    expect(stdout).to.match(/^violated\n\nread your writes is broken:\n/);
  });

  it('tells programs in JSON', async () => {
    const { status, stdout } = await workplace.run(['verify', '--model', 'kv', '--json', STALE]);
    expect(status).to.equal(1);
    const { violations, ...rest } = JSON.parse(stdout);
    expect(rest).to.deep.equal({ verdict: 'violated', model: 'kv', operations: 5 });
    expect(violations[0].name).to.equal('not linearizable');
    expect(violations[0].operations[2]).to.deep.equal({
      process: 1,
      f: 'get',
      key: 'y',
      value: '1',
      type: 'ok',
      lines: [13, 14],
    });
  });

  it('refuses a history that no client could have made: status 2, file and line, nothing on stdout', async () => {
    const file = workplace.file('bad.edn', '{:process 0, :type :ok, :f :get, :key "x", :value nil}\n');
    expect(await workplace.run(['verify', '--model', 'kv', file])).to.deep.equal({
      status: 2,
      stdout: '',
      stderr: `${file}:1: process 0 ends :get (:ok), but has begun nothing\n`,
    });
    const { status, stderr } = await workplace.run(['verify', '--model', 'kv', '-'], '{"process":0}\n');
    expect(status).to.equal(2);
    expect(stderr).to.match(/^<stdin>:1: :type is one of/);
  });

  const usages: readonly (readonly [what: string, args: readonly string[], message: RegExp])[] = [
    ['no model', [STALE], /required option '--model <name>' not specified/],
    [
      'a model that is none',
      ['--model', 'pigeons', STALE],
      /Allowed choices are register, kv, transactions, sessions/,
    ],
    ['a file that does not exist', ['--model', 'kv', 'nowhere.edn'], /nowhere\.edn: there is no such file/],
    [
      '--siblings for another model',
      ['--model', 'kv', '--siblings', STALE],
      /--siblings goes with --model sessions/,
    ],
    [
      '--strict for another model',
      ['--model', 'kv', '--strict', STALE],
      /--strict goes with --model transactions/,
    ],
    [
      'a time limit that is no number',
      ['--model', 'kv', '--time-limit', 'soon', STALE],
      /--time-limit must be a number/,
    ],
  ];
  for (const [what, args, message] of usages) {
    it(`refuses ${what} with status 2`, async () => {
      const { status, stdout, stderr } = await workplace.run(['verify', ...args]);
      expect(status).to.equal(2);
      expect(stdout).to.equal('');
      expect(stderr).to.match(message);
    });
  }
});
