import { expect } from 'chai';
import { DiskFullError } from '../../../actors/errors.ts';
import { chatGrammar } from '../../../src/scenario/chat-grammar.ts';
import { ScenarioFailedError } from '../../../src/scenario/errors.ts';
import { parseScript } from '../../../src/scenario/parse.ts';
import { runScript } from '../../../src/scenario/run-script.ts';
import { FakeChatSystem } from './fake-chat-system.ts';

/** Runs a script in a pretended room. */
async function run(...script: readonly string[]): Promise<{ printed: string[]; system: FakeChatSystem }> {
  const printed: string[] = [];
  let system: FakeChatSystem | undefined;
  const grammar = chatGrammar(async ({ servers }) => {
    system = new FakeChatSystem(servers);
    return system;
  });
  const parsed = parseScript(grammar, 'script', script.join('\n'));
  await runScript(parsed, 'script', {
    dataDir: 'nowhere',
    print: (line) => void printed.push(line),
  });
  if (system === undefined) throw new Error('the script started nothing');
  return { printed, system };
}

describe('a chat script', () => {
  it('hands messages that follow one another to the room in one tick, in the order of the script', async () => {
    const { system } = await run('start 3 2', 'sendMessage 1 a', 'sendMessage 0 b', 'timeBombLeader 3');
    expect(system.calls).to.deep.equal(['settled', 'send 1 a', 'send 0 b', 'bomb 3 at 0']);
  });

  it('waits for its messages when it has sent very many at once', async () => {
    const messages = Array.from({ length: 257 }, () => 'sendMessage 0 again');
    const { system } = await run('start 3 1', ...messages, 'timeBombLeader 1');
    expect(system.calls.at(-1)).to.equal('bomb 1 at 256');
  });

  it('lets what was sent become chosen before a server crashes', async () => {
    const { system } = await run('start 5 1', 'sendMessage 0 a', 'sendMessage 0 b', 'crashServer 0');
    expect(system.calls.at(-1)).to.equal('crash 0 at 2');
  });

  it('lets what was sent become known to every client before a server crashes', async () => {
    const { printed } = await run(
      'start 3 2',
      'sendMessage 0 a',
      'crashServer 0',
      'crashServer 1',
      'printChatLog 0',
      'printChatLog 1',
    );
    expect(printed).to.deep.equal(['0 0: a', '0 0: a']);
  });

  for (const fault of ['restartServer 0', 'disconnect 0 1', 'connect 0 1', 'timeBombLeader 0']) {
    it(`lets what was sent become chosen before ${fault}`, async () => {
      const { system } = await run('start 3 1', 'sendMessage 0 a', fault);
      expect(system.room).to.have.length(1);
    });
  }

  it('does not wait for what was sent where no majority lives', async () => {
    const { printed, system } = await run(
      'start 3 1',
      'crashServer 0',
      'crashServer 1',
      'sendMessage 0 late',
      'crashServer 2',
      'allClear',
      'printChatLog 0',
    );
    expect(system.up).to.deep.equal([false, false, false]);
    expect(printed).to.deep.equal([]);
  });

  it('shows after allClear what waited for a majority', async () => {
    const { printed } = await run(
      'start 3 1',
      'crashServer 0',
      'crashServer 1',
      'sendMessage 0 late',
      'allClear',
      'restartServer 1',
      'allClear',
      'printChatLog 0',
    );
    expect(printed).to.deep.equal(['0 0: late']);
  });

  it('leaves as many slots empty as skipSlots says', async () => {
    const { printed } = await run(
      'start 3 1',
      'sendMessage 0 a',
      'skipSlots 2',
      'sendMessage 0 b',
      'printChatLog 0',
    );
    expect(printed).to.deep.equal(['0 0: a', '3 0: b']);
  });

  it('skips slots in a room without clients', async () => {
    const { system } = await run('start 3 0', 'skipSlots 2');
    expect(system.room).to.deep.equal([undefined, undefined]);
  });

  it('prints values, ERR_KEY and ERR_CONN', async () => {
    const { printed } = await run(
      'start 3 1',
      'put 0 k v',
      'get 0 k',
      'delete 0 k',
      'get 0 k',
      'crashServer 0',
      'crashServer 1',
      'put 0 k v',
      'get 0 k',
      'delete 0 k',
    );
    expect(printed).to.deep.equal(['k:v', 'k:ERR_KEY', 'k:ERR_CONN', 'k:ERR_CONN', 'k:ERR_CONN']);
  });

  it('prints the status of the chat service, then each item on a line of its own', async () => {
    const { printed } = await run(
      'start 3 0',
      'create anna',
      'create "two words"',
      'create anna',
      'check "two words"',
      'message "two words" anna  "hi"  there ',
      'list *',
      'fetch anna 1',
      'fetch anna 2',
      'fetch anna -1',
      'delete anna',
      'fetch anna 1',
    );
    expect(printed).to.deep.equal([
      ...['0', '0', '199', '0', '0'],
      ...['0', 'anna', 'two words'],
      ...['0', 'two words:  "hi"  there'],
      ...['1', '199', '0', '102'],
    ]);
  });

  it('deletes an account by one word and a key by two', async () => {
    const { printed } = await run('start 3 1', 'put 0 k v', 'create 0', 'delete 0 k', 'get 0 k', 'delete 0');
    expect(printed).to.deep.equal(['0', 'k:ERR_KEY', '0']);
  });

  it('speaks to the chat service by one client, made when it is needed, and waits for each command', async () => {
    const { system } = await run(
      'start 3 1',
      'crashServer 0',
      'create anna',
      'check anna',
      'timeBombLeader 3',
    );
    expect(system.calls).to.deep.equal(['settled', 'crash 0 at 0', 'client', 'execute at 0', 'bomb 3 at 0']);
  });

  it('answers 199 where no majority lives, and hands nothing in; what is wrong at sight is still told', async () => {
    const { printed, system } = await run(
      'start 3 0',
      'crashServer 0',
      'crashServer 1',
      'create anna',
      'list *',
      'fetch anna 1',
      `create ${'x'.repeat(21)}`,
      `message anna anna ${'x'.repeat(501)}`,
      'restartServer 0',
      'check anna',
    );
    expect(printed).to.deep.equal(['199', '199', '199', '101', '103', '102']);
    expect(system.calls.filter((call) => call.startsWith('execute'))).to.deep.equal([]);
  });

  it('lets go of the system at its end', async () => {
    const { system } = await run('start 3 1', 'sendMessage 0 a');
    expect(system.disposed).to.equal(true);
  });

  it('ends when it is told to, lets go of the system, and prints nothing more', async () => {
    const printed: string[] = [];
    const systems: FakeChatSystem[] = [];
    const controller = new AbortController();
    const grammar = chatGrammar(async ({ servers }) => {
      const system = new FakeChatSystem(servers);
      systems.push(system);
      setImmediate(() => controller.abort(new Error('enough')));
      return system;
    });
    const parsed = parseScript(grammar, 'script', 'start 3 1\nsleep 600000\nget 0 k');
    const running = runScript(parsed, 'script', {
      dataDir: 'nowhere',
      print: (line) => void printed.push(line),
      signal: controller.signal,
    });
    expect(await running.then(() => 'done', String)).to.equal('Error: enough');
    expect(systems.map(({ disposed }) => disposed)).to.deep.equal([true]);
    expect(printed).to.deep.equal([]);
  });

  it('names the line of a command that fails', async () => {
    const grammar = chatGrammar(async () => {
      throw new DiskFullError('folder', 'no space');
    });
    const parsed = parseScript(grammar, 'script', '\nstart 3 1');
    const running = runScript(parsed, 'script', { dataDir: 'nowhere', print: () => undefined });
    const failure = await running.then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).to.be.instanceOf(ScenarioFailedError);
    expect(String(failure)).to.match(/script:2: no space.*SYNOD_DISK_FULL/);
  });
});
