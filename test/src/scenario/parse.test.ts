import { expect } from 'chai';
import { BadScenarioError } from '../../../src/scenario/errors.ts';
import { commandLines } from '../../../src/scenario/parse.ts';
import { parseScenario } from '../../../src/scenario/scenario.ts';

/** What is wrong with a script, a line each; empty when it is right. */
function mistakes(content: string, protocol?: string): string[] {
  try {
    parseScenario('f', content, protocol);
    return [];
  } catch (error) {
    if (error instanceof BadScenarioError) return error.message.split('\n');
    throw error;
  }
}

describe('reading a script', () => {
  it('skips blank lines and comments, and counts them', () => {
    expect(commandLines('# a\n\n start 3 1 \n  # b\nallClear')).to.deep.equal([
      { line: 3, source: 'start 3 1' },
      { line: 5, source: 'allClear' },
    ]);
  });

  it('takes the line ends of every system, a byte order mark, and a last line without end', () => {
    expect(
      commandLines('\uFEFFstart 3 1\r\nallClear\rallClear\nallClear').map(({ line }) => line),
    ).to.deep.equal([1, 2, 3, 4]);
  });

  it('takes every command of the chat room', () => {
    const script = [
      'start 3 2',
      'sendMessage 1 some text  with spaces',
      'crashServer 2',
      'restartServer 2',
      'allClear',
      'timeBombLeader 0',
      'printChatLog 1',
      'skipSlots 4',
      'put 0 k v',
      'get 0 k',
      'delete 0 k',
      'disconnect 0 1',
      'connect 0 1',
      'sleep 5',
      'create anna',
      'check "two words"',
      'delete anna',
      'delete "two words"',
      'list [a-c]*',
      'message anna "two words" some  "text"',
      'fetch anna -1',
      'fetch anna 99999999999999999999',
    ];
    expect(mistakes(script.join('\n'))).to.deep.equal([]);
  });

  it('reports every line that is wrong, with file and line', () => {
    const reported = mistakes('start 3 1\nfoo\n\nallClear\nsendMessage 0\ncrashServer 3');
    expect(reported.map((line) => line.slice(0, 4))).to.deep.equal(['f:2:', 'f:5:', 'f:6:']);
  });

  const wrong: readonly (readonly [what: string, line: string, message: RegExp])[] = [
    ['an unknown command', 'jump 1', /unknown command "jump"/],
    ['a name of something that every object has', 'toString', /unknown command "toString"/],
    ['a command in other letters', 'ALLCLEAR', /unknown command/],
    ['a server out of range', 'crashServer 3', /no server 3: they are 0 to 2/],
    ['a client out of range', 'printChatLog 2', /no client 2: they are 0 to 1/],
    ['a client out of range in put', 'put 2 k v', /no client 2/],
    ['an id below 0', 'crashServer -1', /whole number, not "-1"/],
    ['an id that is no number', 'crashServer one', /whole number, not "one"/],
    ['a number that is not whole', 'timeBombLeader 1.5', /whole number/],
    ['a number in other spelling', 'skipSlots 1e3', /whole number/],
    ['a missing id', 'crashServer', /missing argument s; write "crashServer s"/],
    ['a missing text', 'sendMessage 0   ', /missing argument text; write "sendMessage c text"/],
    ['a missing value', 'put 0 k', /missing argument value; write "put c key value"/],
    ['an argument too many', 'crashServer 1 2', /one argument too many: "2"/],
    ['a value with spaces', 'put 0 k v w', /one argument too many: "w"/],
    ['a second start', 'start 3 1', /start a second time/],
    ['a word that is not quoted', 'create two words', /one argument too many: "words"/],
    ['a quote that is not closed', 'create "two words', /a quote is not closed: "two words/],
    ['a quote that is not closed before a second word', 'delete "two words', /a quote is not closed/],
    ['a quote that is closed within a word', 'list "a"b', /a space must follow the closing quote of "a"/],
    ['a message without text', 'message anna bob', /missing argument text; write "message FROM TO text"/],
    ['an id that is no number of a message', 'fetch anna last', /ID must be a whole number, not "last"/],
    ['a delete of nothing', 'delete', /missing argument NAME; write "delete NAME \| c key"/],
    ['a delete of more than a key', 'delete 0 a b', /one argument too many: "b"/],
    ['a client out of range in delete', 'delete 2 k', /no client 2/],
    ['a sleep beyond the bound', 'sleep 99999999', /at most/],
  ];
  for (const [what, line, message] of wrong) {
    it(`refuses ${what}`, () => {
      const reported = mistakes(`start 3 2\n${line}`);
      expect(reported).to.have.length(1);
      expect(reported[0])
        .to.match(/^f:2: /)
        .and.to.match(message);
    });
  }

  it('refuses a start without servers', () => {
    expect(mistakes('start 0 1')).to.deep.equal(['f:1: S is 0; it must be at least 1']);
  });

  it('refuses a command before start, once', () => {
    expect(mistakes('allClear\ncrashServer 7')).to.deep.equal([
      'f:1: allClear before start; the first command must be "start S C"',
    ]);
  });

  it('does not blame later lines for a start that is wrong', () => {
    expect(mistakes('start three 1\ncrashServer 2')).to.have.length(1);
  });

  it('takes a script without commands', () => {
    expect(mistakes('# nothing\n')).to.deep.equal([]);
  });
});

describe('the protocol of a script', () => {
  it('is that of its first command', () => {
    expect(parseScenario('f', '\n# hello\nstart 3 1').protocol).to.equal('paxos');
  });

  it('is the one that a line at its top names', () => {
    expect(parseScenario('f', '# about\n# protocol: paxos\nstart 3 1').protocol).to.equal('paxos');
    expect(mistakes('# about\n# protocol: pigeons\nstart 3 1')).to.have.length(1);
    expect(mistakes('# about\n# protocol: pigeons\nstart 3 1')[0]).to.match(
      /^f:2: unknown protocol "pigeons"/,
    );
  });

  it('is not named by a comment after the first command', () => {
    expect(mistakes('start 3 1\n# protocol: pigeons')).to.deep.equal([]);
  });

  it('is the one given, whatever the script names', () => {
    expect(parseScenario('f', '# protocol: pigeons\nstart 3 1', 'paxos').protocol).to.equal('paxos');
    expect(mistakes('start 3 1', 'pigeons')[0]).to.match(/unknown protocol "pigeons"/);
  });
});

describe('the coordinator of a script of transactions', () => {
  const parse = (coordinator: string) =>
    parseScenario('f', `# protocol: 2pc\n# coordinator: ${coordinator}\nstart 2 1`);

  it('is one of two', () => {
    for (const known of ['single', 'replicated']) expect(() => parse(known)).not.to.throw();
    expect(() => parse('doubled')).to.throw(/f:2: unknown coordinator "doubled"/);
  });
});
