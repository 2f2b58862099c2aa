import { once } from 'node:events';
import { expect } from 'chai';
import { ended, Workplace } from './synod-process.ts';

const GREETING = 'start 1 1\nsendMessage 0 hello\nallClear\nprintChatLog 0\n';
const NO_SUCH_SERVER = 'start 3 1\nprintChatLog 0\ncrashServer 3\n';

describe('synod run', function () {
  this.timeout(60_000);
  let workplace: Workplace;
  beforeEach(() => {
    workplace = new Workplace();
  });
  afterEach(() => workplace[Symbol.dispose]());

  it('prints what the script prints and nothing else, and leaves no file', async () => {
    const outcome = await workplace.run(['run', workplace.file('a.test', GREETING)]);
    expect(outcome).to.deep.equal({ status: 0, stdout: '0 0: hello\n', stderr: '' });
    expect(workplace.leftBehind).to.deep.equal([]);
  });

  it('runs a script, and a folder of them, with all in memory', async () => {
    const args = ['run', '--journal', 'memory'];
    const outcome = await workplace.run([...args, '-'], GREETING);
    expect(outcome).to.deep.equal({ status: 0, stdout: '0 0: hello\n', stderr: '' });
    workplace.file('b.test', `${GREETING}crashServer 0\nrestartServer 0\nget 0 key\n`);
    // Nobody is there to give the one server its memory back; on disk there would be an answer.
    workplace.file('b.sol', '0 0: hello\nkey:ERR_CONN\n');
    const folder = await workplace.run([...args, '--json', workplace.path]);
    expect(folder.stdout).to.match(/"result":"passed"/);
  });

  it('reads a script from standard input', async () => {
    const outcome = await workplace.run(['run', '-'], GREETING);
    expect(outcome).to.deep.equal({ status: 0, stdout: '0 0: hello\n', stderr: '' });
  });

  it('tells on stderr what each command did when it is to be verbose', async () => {
    const { stdout, stderr } = await workplace.run(['run', '--verbose', '-'], GREETING);
    expect(stdout).to.equal('0 0: hello\n');
    expect(stderr)
      .to.match(/1: start 1 1 +0 leads/)
      .and.to.match(/4: printChatLog 0/);
  });

  it('says nothing about output that is as expected', async () => {
    const expected = workplace.file('a.sol', '0 0: hello');
    const outcome = await workplace.run(['run', '--expect', expected, '-'], GREETING);
    expect(outcome).to.deep.equal({ status: 0, stdout: '0 0: hello\n', stderr: '' });
  });

  it('shows how the output differs from the expected, with status 1', async () => {
    const expected = workplace.file('a.sol', '0 0: goodbye\n');
    const { status, stdout, stderr } = await workplace.run(['run', '--expect', expected, '-'], GREETING);
    expect(status).to.equal(1);
    expect(stdout).to.equal('0 0: hello\n');
    expect(stderr.trim().split('\n').slice(1)).to.deep.equal(['- 0 0: goodbye', '+ 0 0: hello']);
  });

  it('checks the whole script before anything starts: status 2, file and line on stderr, nothing on stdout', async () => {
    const file = workplace.file('bad.test', NO_SUCH_SERVER);
    const { status, stdout, stderr } = await workplace.run(['run', file]);
    expect(status).to.equal(2);
    expect(stdout).to.equal('');
    expect(stderr).to.equal(`${file}:3: there is no server 3: they are 0 to 2\n`);
    expect(workplace.leftBehind).to.deep.equal([]);
  });

  it('takes a quote that is not closed for a mistake of the script', async () => {
    const { status, stdout, stderr } = await workplace.run(
      ['run', '-'],
      'start 1 0\nlist *\ncreate "two words\n',
    );
    expect({ status, stdout, stderr }).to.deep.equal({
      status: 2,
      stdout: '',
      stderr: '<stdin>:3: a quote is not closed: "two words\n',
    });
  });

  const usages: readonly (readonly [what: string, args: readonly string[], message: RegExp])[] = [
    ['no script', ['run'], /missing required argument/],
    ['a file that does not exist', ['run', 'nowhere.test'], /nowhere\.test: there is no such file/],
    [
      'an expected output that does not exist',
      ['run', '--expect', 'nowhere.sol', '-'],
      /nowhere\.sol.*does not exist/,
    ],
    ['an unknown protocol', ['run', '--protocol', 'pigeons', '-'], /Allowed choices are/],
    ['an unknown option', ['run', '--fast', '-'], /unknown option/],
    ['an unknown command', ['walk'], /unknown command/],
  ];
  for (const [what, args, message] of usages) {
    it(`refuses ${what} with status 2`, async () => {
      const { status, stdout, stderr } = await workplace.run(args, GREETING);
      expect(status).to.equal(2);
      expect(stdout).to.equal('');
      expect(stderr).to.match(message);
    });
  }

  it('runs every script of a folder: a line for each and a tally, status 2 where one is bad', async () => {
    workplace.file('b-differs.test', GREETING);
    workplace.file('b-differs.sol', '0 0: goodbye');
    workplace.file('a-passes.test', GREETING);
    workplace.file('a-passes.sol', '0 0: hello');
    workplace.file('c-is-bad.test', NO_SUCH_SERVER);
    workplace.file('c-is-bad.sol', '');
    const { status, stdout, stderr } = await workplace.run(['run', workplace.path]);
    expect(status).to.equal(2);
    expect(stderr).to.equal('');
    const lines = stdout.split('\n');
    expect(lines[0]).to.match(/^pass {2}a-passes +\d/);
    expect(lines[1]).to.match(/^fail {2}b-differs +\d/);
    expect(lines).to.include('      - 0 0: goodbye').and.to.include('      + 0 0: hello');
    expect(stdout)
      .to.match(/^bad {3}c-is-bad/m)
      .and.to.match(/c-is-bad\.test:3: there is no server 3/);
    expect(stdout).to.match(/1 passed, 1 differ, 1 bad in/);
    expect(workplace.leftBehind).to.deep.equal([]);
  });

  it('tells programs of a folder in JSON, status 1 where one differs', async () => {
    workplace.file('a.test', GREETING);
    workplace.file('a.sol', '0 0: goodbye');
    const { status, stdout } = await workplace.run(['run', '--json', workplace.path]);
    expect(status).to.equal(1);
    const row: unknown = JSON.parse(stdout);
    expect(row).to.include({ scenario: 'a', result: 'differs' });
    expect(row).to.have.deep.property('differences', [
      { kind: 'missing', text: '0 0: goodbye' },
      { kind: 'unexpected', text: '0 0: hello' },
    ]);
  });

  for (const [name, expected] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    it(`ends cleanly by ${name}: status ${expected}, no file left`, async () => {
      const child = workplace.start(['run', '--verbose', '-'], 'start 3 1\nsleep 600000\nprintChatLog 0\n');
      const outcome = ended(child);
      if (child.stderr === null) throw new Error('no stderr');
      // The first line tells that the servers are up.
      await once(child.stderr, 'data');
      child.kill(name);
      const { status, stdout } = await outcome;
      expect(status).to.equal(expected);
      expect(stdout).to.equal('');
      expect(workplace.leftBehind).to.deep.equal([]);
    });
  }
});
