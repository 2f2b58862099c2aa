import { once } from 'node:events';
import { join } from 'node:path';
import { expect } from 'chai';
import { ended, Workplace } from './synod-process.ts';

describe('synod start, through a pipe', function () {
  this.timeout(60_000);
  let workplace: Workplace;
  beforeEach(() => {
    workplace = new Workplace();
  });
  afterEach(() => workplace[Symbol.dispose]());

  it('prints results and no prompt, and leaves no file', async () => {
    const commands = [
      'set greeting hello   world',
      'get greeting',
      'get nothing',
      '',
      '# a comment',
      'set grass green',
      'scan gr',
      'del grass',
      'scan',
      'send first  message',
      'log',
    ];
    const { status, stdout, stderr } = await workplace.run(['start', '--nodes', '1'], commands.join('\n'));
    expect(stdout.trimEnd().split('\n')).to.deep.equal([
      'greeting = hello   world',
      'nothing = None',
      'grass = green',
      'greeting = hello   world',
      'greeting = hello   world',
      '0 shell: first  message',
    ]);
    expect(status).to.equal(0);
    expect(stderr).to.match(/temporary folder.*--data/);
    expect(workplace.leftBehind).to.deep.equal([]);
  });

  it('serves accounts and messages: a status, then the items, and nothing else', async () => {
    const commands = [
      'create anna',
      'create "two words"',
      'create anna',
      'message "two words" anna some  text',
      'list *',
      'fetch anna 1',
      'fetch anna 2',
      'crash 0',
      'check anna',
      'check xxxxxxxxxxxxxxxxxxxxx',
      'restart 0',
      'delete anna',
      'check anna',
      'delete 0 key',
      'create "anna',
    ];
    const { status, stdout, stderr } = await workplace.run(['start', '--nodes', '1'], commands.join('\n'));
    expect(stdout.trimEnd().split('\n')).to.deep.equal([
      ...['0', '0', '199', '0'],
      ...['0', 'anna', 'two words'],
      ...['0', 'two words: some  text'],
      ...['1', '199', '101', '0', '102'],
    ]);
    expect(status).to.equal(2);
    expect(stderr.trim().split('\n').slice(1)).to.deep.equal([
      'line 14: one argument too many: "key"; write "delete NAME"',
      'line 15: a quote is not closed: "anna',
    ]);
  });

  it('keeps its data in the folder given', async () => {
    const args = ['start', '--nodes', '1', '--data', join(workplace.path, 'data')];
    await workplace.run(args, 'set key value\nsend a message\ncreate anna\n');
    const { status, stdout } = await workplace.run(args, 'get key\nlog\nlist *\n');
    expect(status).to.equal(0);
    expect(stdout).to.equal('key = value\n0 shell: a message\n0\nanna\n');
  });

  it('keeps nothing with --journal memory, and has no folder then', async () => {
    const args = ['start', '--journal', 'memory'];
    const { status, stdout, stderr } = await workplace.run(args, 'set key value\nget key\n');
    expect(status).to.equal(0);
    expect(stdout).to.equal('key = value\n');
    expect(stderr).to.match(/in the nodes' memory/);
    expect(workplace.leftBehind).to.deep.equal([]);
    const refused = await workplace.run([...args, '--data', join(workplace.path, 'data')], '');
    expect(refused.status).to.equal(2);
    expect(refused.stderr).to.match(/--data goes with --journal lmdb/);
  });

  it('breaks and mends the cluster, and shows it', async () => {
    const commands = [
      'crash 0',
      'status',
      'restart 0',
      'disconnect 0 1',
      'status',
      'connect 0 1',
      'exit',
      'get key',
    ];
    const { status, stdout } = await workplace.run(['start'], commands.join('\n'));
    expect(status).to.equal(0);
    expect(stdout)
      .to.match(/│ 0 +│ down/)
      .and.to.match(/cut: 0-1/)
      .and.not.to.match(/key/);
  });

  it('goes on after a line that is wrong, and ends with status 2', async () => {
    const commands = ['jump', 'get', 'crash 9', 'disconnect 0 0', 'get key'];
    const { status, stdout, stderr } = await workplace.run(['start', '--nodes', '1'], commands.join('\n'));
    expect(status).to.equal(2);
    expect(stdout).to.equal('key = None\n');
    expect(stderr.trim().split('\n').slice(1)).to.deep.equal([
      'line 1: there is no command "jump"; help lists them',
      'line 2: missing argument K; write "get K"',
      'line 3: there is no node 9; the nodes are 0',
      'line 4: 0 has no link to itself',
    ]);
  });

  it('says at once what no majority can do, keeps a message for later, and ends with status 1', async () => {
    const commands = ['crash 0', 'set key value', 'send later', 'restart 0', 'get key', 'log'];
    const { status, stdout, stderr } = await workplace.run(['start', '--nodes', '1'], commands.join('\n'));
    expect(status).to.equal(1);
    expect(stderr).to.match(/line 2: nothing was done.*SYNOD_NO_QUORUM/);
    expect(stdout).to.equal('key = None\n0 shell: later\n');
  });

  it('serves the eventually consistent store: servers that join, a client that moves', async () => {
    const commands = [
      'set a 1',
      'set b two words',
      'del a',
      'break 0 1',
      'set c 3',
      'move 1',
      'get c',
      'stabilize',
      'create 0 1',
      'stabilize',
      'scan',
      'kill 0',
      'get b',
      'move 0',
      'get b',
      'join 0',
      'get a',
      'join 70',
      'stabilize',
      'print 70',
      'status',
      'print 9',
      'transfer 1',
      'break 1 1',
    ];
    const args = ['start', '--protocol', 'eventual', '--nodes', '2'];
    const { status, stdout, stderr } = await workplace.run(args, commands.join('\n'));
    const lines = stdout.trimEnd().split('\n');
    const cells = lines.filter((line) => line.startsWith('│')).map((line) => line.split('│').slice(1, 5));
    expect(lines.slice(0, 6)).to.deep.equal([
      'b = two words',
      'c = 3',
      'b = two words',
      'a = None',
      'b = two words',
      'c = 3',
    ]);
    expect(cells.map((row) => row.map((cell) => cell.trim()))).to.deep.equal([
      ['server', 'state', 'keys', 'unacknowledged'],
      ['0', 'up, you', '2', '0'],
      ['1', 'up', '2', '0'],
      ['70', 'up', '2', '0'],
    ]);
    expect(
      stderr
        .trim()
        .split('\n')
        .slice(1)
        .map((line) => line.replace(/:.*(SYNOD_\w+).*/, ' $1')),
    ).to.deep.equal([
      'line 7 SYNOD_DEPENDENCY',
      'line 15 SYNOD_UNREACHABLE',
      'line 22: there is no node 9; the nodes are 0, 1, 70',
      'line 23: there is no command "transfer"; help lists them',
      'line 24: 1 has no link to itself',
    ]);
    expect(status).to.equal(2);
    expect(workplace.leftBehind).to.deep.equal([]);
  });

  it('has transactions with --protocol 2pc, and only commands that make sense there', async () => {
    const commands = [
      'set a 1',
      'begin',
      'set a 2',
      'set b two   words',
      'get a',
      'scan',
      'commit',
      'get b',
      'commit',
      'begin',
      'del a',
      'begin',
      'abort',
      'scan',
      'crash 2',
      'set a 3',
      'journal 0',
      'restart 2',
      'del a',
      'get a',
      'status',
      'crash 0',
      'set a 4',
      'transfer',
      'exit',
    ];
    const { status, stdout, stderr } = await workplace.run(
      ['start', '--protocol', '2pc', '--nodes', '3'],
      commands.join('\n'),
    );
    const lines = stdout.trimEnd().split('\n');
    expect(lines.slice(0, 9)).to.deep.equal([
      'a = 2',
      'a = 1',
      'committed',
      'b = two   words',
      'a = 2',
      'b = two   words',
      '1.3 BEGIN',
      '1.3 ABORT',
      'a = None',
    ]);
    expect(stdout)
      .to.match(/│ 0 +│ leads +│ \d/)
      .and.to.match(/│ 2 +│ up/);
    expect(stderr.trim().split('\n')).to.have.length(6);
    expect(stderr)
      .to.match(/line 9: a commit: there is no such transaction open.*SYNOD_UNKNOWN_TRANSACTION/)
      .and.to.match(/line 12: no transaction was begun.*SYNOD_TRANSACTION_OPEN/)
      .and.to.match(/line 16: nothing was changed: a follower did not vote in time.*SYNOD_ABORTED/)
      .and.to.match(/line 23: a change was not handed in: the leader.*SYNOD_NO_LEADER/)
      .and.to.match(/line 24: there is no command "transfer"/);
    expect(status).to.equal(2);
    expect(workplace.leftBehind).to.deep.equal([]);
    const refused = await workplace.run(['start', '--protocol', '2pc', '--nodes', '1']);
    expect(refused.status).to.equal(2);
    expect(refused.stderr).to.match(/--protocol 2pc takes --nodes 2 or more/);
  });

  it('has Paxos Commit with --coordinator replicated: it goes on without the node that led', async () => {
    const commands = ['set a 1', 'crash 0', 'set a 2', 'get a', 'add', 'crash 1', 'set a 3', 'exit'];
    const { status, stdout, stderr } = await workplace.run(
      ['start', '--protocol', '2pc', '--coordinator', 'replicated'],
      commands.join('\n'),
    );
    expect(stdout).to.equal('a = 2\n');
    expect(stderr.trim().split('\n')).to.have.length(3);
    expect(stderr)
      .to.match(/line 5: coordinator: "replicated" given, 'single' to add nodes/)
      .and.to.match(/line 7: a change was not handed in: no majority of the nodes lives.*SYNOD_NO_LEADER/);
    expect(status).to.equal(1);
    const refused = await workplace.run(['start', '--coordinator', 'replicated']);
    expect(refused.status).to.equal(2);
    expect(refused.stderr).to.match(/--coordinator goes with --protocol 2pc/);
  });

  it('ends cleanly by SIGINT: status 130, no file left', async () => {
    const child = workplace.start(['start', '--nodes', '1']);
    const outcome = ended(child);
    if (child.stderr === null) throw new Error('no stderr');
    await once(child.stderr, 'data');
    child.kill('SIGINT');
    expect((await outcome).status).to.equal(130);
    expect(workplace.leftBehind).to.deep.equal([]);
  });

  it('refuses a number of nodes that makes no sense', async () => {
    const { status, stderr } = await workplace.run(['start', '--nodes', 'many']);
    expect(status).to.equal(2);
    expect(stderr).to.match(/--nodes must be a whole number from 1 to/);
  });
});
