import { expect } from 'chai';
import { BadScenarioError } from '../../../src/scenario/errors.ts';
import { parseScenario } from '../../../src/scenario/scenario.ts';

/** What is wrong with a script, a line each; nothing is started. */
function mistakes(...script: readonly string[]): string[] {
  try {
    parseScenario('script', ['# protocol: 2pc', ...script].join('\n'));
    return [];
  } catch (error) {
    if (!(error instanceof BadScenarioError)) throw error;
    return error.message.split('\n');
  }
}

describe('a script of transactions', () => {
  it('is taken by the protocol that it names, or that is given', () => {
    expect(parseScenario('script', '# protocol: 2pc\nstart 1 1\nbegin 0\n').protocol).to.equal('2pc');
    expect(parseScenario('script', 'start 1 1\nbegin 0\n', '2pc').protocol).to.equal('2pc');
    expect(() => parseScenario('script', 'start 1 1\nbegin 0\n')).to.throw(/unknown command "begin"/);
  });

  it('may hold every command, by each of its names', () => {
    const script = [
      'start 3 2',
      'begin 0',
      'put 0 key value',
      'del 0 key',
      'delete 0 key',
      'get 1 key',
      'commit 0',
      'begin 0',
      'begin 1',
      'abort 1',
      'abort 0',
      'voteNo 1',
      'delayVote 3 250',
      'crashServer 0',
      'restartServer 0',
      ...['VOTE-REQ', 'PREPARE', 'COMMIT', 'ABORT', 'ROLLBACK'].map((name) => `crashBefore 0 ${name}`),
      ...['VOTE-YES', 'VOTE-NO', 'VOTE-READ', 'ACK', 'DECISION-REQ', 'UNCERTAIN', 'END-REQ'].map(
        (name) => `crashAfter 3 ${name}`,
      ),
      'crashAfter 0 END',
      'disconnect 0 1',
      'connect 0 1',
      'sleep 5',
      'allClear',
      'printStore 0',
      'printJournal 3',
    ];
    expect(mistakes(...script)).to.deep.equal([]);
  });

  const wrong: readonly (readonly [what: string, script: readonly string[], message: string])[] = [
    ['no follower', ['start 0 1'], '2: F is 0; it must be at least 1'],
    ['too many followers', ['start 25 1'], '2: F is 25; it must be at most 24'],
    ['anything before start', ['begin 0'], '2: begin before start; the first command must be "start F C"'],
    [
      'a server that there is not',
      ['start 3 1', 'crashServer 4'],
      '3: there is no server 4: they are 0 to 3',
    ],
    ['a client that there is not', ['start 3 1', 'get 1 key'], '3: there is no client 1: they are 0 to 0'],
    [
      'a vote of the leader',
      ['start 3 1', 'voteNo 0'],
      '3: server 0 leads: it has no vote; followers are counted from 1',
    ],
    [
      'a follower that there is not',
      ['start 3 1', 'delayVote 4 1'],
      '3: there is no server 4: they are 0 to 3',
    ],
    [
      'a commit of nothing',
      ['start 1 1', 'commit 0'],
      '3: client 0 has no transaction open; begin one first',
    ],
    ['an abort of nothing', ['start 1 1', 'abort 0'], '3: client 0 has no transaction open; begin one first'],
    [
      'a second begin',
      ['start 1 1', 'begin 0', 'begin 0'],
      '4: client 0 has a transaction open already; commit or abort it first',
    ],
    [
      'a commit of what was aborted',
      ['start 1 1', 'begin 0', 'abort 0', 'commit 0'],
      '5: client 0 has no transaction open; begin one first',
    ],
    [
      'a message that there is not',
      ['start 1 1', 'crashAfter 0 VOTE'],
      '3: there is no message "VOTE"; there are VOTE-REQ, VOTE-YES, VOTE-NO, VOTE-READ, COMMIT, ABORT, ACK, ' +
        'DECISION-REQ, UNCERTAIN, END, END-REQ, PREPARE, ROLLBACK',
    ],
    ['a missing value', ['start 1 1', 'put 0 key'], '3: missing argument value; write "put c key value"'],
    [
      'a value of two words',
      ['start 1 1', 'put 0 key two words'],
      '3: one argument too many: "words"; write "put c key value"',
    ],
    [
      'a long key',
      ['start 1 1', `get 0 ${'x'.repeat(513)}`],
      '3: key has 513 bytes; at most 512 are allowed',
    ],
    ['a command of the chat room', ['start 1 1', 'timeBombLeader 1'], '3: unknown command "timeBombLeader"'],
  ];
  for (const [what, script, message] of wrong) {
    it(`with ${what} is refused before anything starts`, () => {
      const [first, ...others] = mistakes(...script);
      expect(others).to.deep.equal([]);
      expect(first?.slice(0, `script:${message}`.length)).to.equal(`script:${message}`);
    });
  }

  it('is told all that is wrong with it at once', () => {
    expect(mistakes('start 1 1', 'begin 1', 'commit 0', 'jump')).to.have.length(3);
  });
});
