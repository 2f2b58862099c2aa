import { expect } from 'chai';
import { BadScenarioError } from '../../../src/scenario/errors.ts';
import { parseScenario } from '../../../src/scenario/scenario.ts';

/** What is wrong with a script of the store, a line each; empty when it is right. */
function mistakes(...lines: readonly string[]): string[] {
  try {
    parseScenario('f', lines.join('\n'), 'eventual');
    return [];
  } catch (error) {
    if (error instanceof BadScenarioError) return error.message.split('\n');
    throw error;
  }
}

describe('reading a script of the eventually consistent store', () => {
  it('takes every command', () => {
    expect(
      mistakes(
        'joinServer 0',
        'joinServer 4294967295',
        'joinClient 9007199254740991 0',
        'breakConnection 0 4294967295',
        'createConnection 4294967295 0',
        'breakConnection 9007199254740991 0',
        'restoreConnection 0 9007199254740991',
        'put 9007199254740991 k v',
        'get 9007199254740991 k',
        'delete 9007199254740991 k',
        'stabilize',
        'printStore 0',
        'sleep 5',
        'killServer 0',
      ),
    ).to.deep.equal([]);
  });

  it('knows by the first command whose script it is, or by what it names', () => {
    const protocolOf = (content: string) => parseScenario('f', content).protocol;
    for (const first of [
      'joinServer 0',
      '\n# x\njoinClient 5 0',
      'killServer 0',
      'printStore 1',
      'stabilize',
    ])
      expect(protocolOf(first)).to.equal('eventual');
    expect(protocolOf('# protocol: eventual\nput 5 k v')).to.equal('eventual');
    expect(protocolOf('start 3 1')).to.equal('paxos');
  });

  it('tells of every line that is wrong, where and how it is written', () => {
    expect(
      mistakes('joinServer', 'fly 0', '', 'put 5 k', 'get x k', 'put 5 k v w', 'stabilize 1', 'sleep -1'),
    ).to.deep.equal([
      'f:1: missing argument s; write "joinServer s"',
      'f:2: unknown command "fly"; known are breakConnection, createConnection, delete, get, joinClient, joinServer, ' +
        'killServer, printStore, put, restoreConnection, sleep, stabilize',
      'f:4: missing argument value; write "put c key value"',
      'f:5: id c must be a whole number, not "x"',
      'f:6: one argument too many: "w"; write "put c key value"',
      'f:7: one argument too many: "1"; write "stabilize"',
      'f:8: ms must be a whole number, not "-1"',
    ]);
  });

  it('lets no id be a server and a client, wherever in the script', () => {
    expect(
      mistakes('joinServer 0', 'joinClient 5 0', 'joinServer 5', 'get 0 k', 'joinClient 6 5', 'printStore 5'),
    ).to.deep.equal([
      'f:3: 5 is a client, not a server: an id is one of them for the whole script',
      'f:4: 0 is a server, not a client: an id is one of them for the whole script',
      'f:5: 5 is a client, not a server: an id is one of them for the whole script',
      'f:6: 5 is a client, not a server: an id is one of them for the whole script',
    ]);
  });

  it('wants a server at one end of a connection, and to know what the other is', () => {
    expect(
      mistakes(
        'joinServer 0',
        'joinClient 5 0',
        'joinClient 6 0',
        'breakConnection 5 6',
        'breakConnection 0 0',
        'createConnection 0 7',
        'createConnection 5 8',
        'createConnection 8 0',
        'createConnection 0',
      ),
    ).to.deep.equal([
      'f:4: 5 and 6 are clients; a connection needs a server',
      'f:5: 0 has no connection to itself',
      'f:6: 7 has not joined: whether it is a server or a client is not known',
      'f:9: missing argument b; write "createConnection a b"',
    ]);
  });

  it('takes no server id that the store cannot, nor more servers and clients than it runs', () => {
    expect(mistakes('joinServer 4294967296')).to.deep.equal([
      'f:1: server 4294967296 cannot be; ids of servers are below 4294967296',
    ]);
    const many = Array.from({ length: 26 }, (_, id) => `joinServer ${id}`);
    expect(mistakes(...many)).to.deep.equal(['f:26: server 25 is one too many; a script may have 25']);
    const clients = Array.from({ length: 1001 }, (_, id) => `joinClient ${id + 1} 0`);
    expect(mistakes(...clients)).to.deep.equal([
      'f:1001: client 1001 is one too many; a script may have 1000',
    ]);
  });

  it('takes no key and no value that the store does not', () => {
    const [mistake, ...rest] = mistakes(`put 5 ${'k'.repeat(2000)} v`, `put 5 k ${'v'.repeat(524_280)}`);
    expect(mistake).to.match(/^f:1: key has 2000 bytes; at most \d+ are allowed/);
    expect(rest).to.deep.equal([]);
    expect(mistakes(`put 5 k ${'v'.repeat(524_281)}`)).to.have.length(1);
  });
});
