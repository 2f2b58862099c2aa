import { PassThrough } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { ChatStatus } from '../../../src/applications/chat-status.ts';
import { chatServiceThrough } from '../../../src/chat-service.ts';
import { runShell } from '../../../src/cli/shell.ts';
import { type ReplicationSystem, shellCommands } from '../../../src/cli/shell-commands.ts';

/** A keyboard and a screen, as far as a shell can tell. */
class Terminal {
  readonly input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined });
  readonly output = Object.assign(new PassThrough(), { isTTY: true });
  #shown = '';

  constructor() {
    this.output.setEncoding('utf8').on('data', (text: string) => {
      this.#shown += text;
    });
  }

  /** Resolves once this stands on the screen, and takes all before it off. */
  async shows(text: string): Promise<void> {
    while (!this.#shown.includes(text)) await turn();
    this.#shown = this.#shown.slice(this.#shown.indexOf(text) + text.length);
  }

  type(keys: string): void {
    this.input.write(keys);
  }
}

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
const TAB = '\t';

function never(): Promise<never> {
  return new Promise(() => {});
}

/** A system that has a majority and holds one key. */
function system(): ReplicationSystem {
  const unused = () => {
    throw new Error('not to be used here');
  };
  return {
    cluster: {
      nodes: [0, 1, 2],
      hasQuorum: () => true,
      crash: never,
      restart: never,
      disconnect: never,
      connect: never,
      addNode: never,
      removeNode: never,
      replaceNode: never,
      transferLeadership: never,
      status: never,
    },
    client: { idle: async () => {} },
    store: {
      get: async (key) => (key === 'here' ? 'there' : undefined),
      put: async () => {},
      delete: async () => false,
      compareAndSet: unused,
      scan: unused,
    },
    service: chatServiceThrough(async () => ChatStatus.failed),
    room: {
      send: never,
      skip: never,
      log: () => [],
      length: 0,
      caughtUp: async () => {},
      latestLength: async () => 0,
    },
  };
}

describe('the shell at a keyboard', () => {
  let terminal: Terminal;
  let status: Promise<number>;
  beforeEach(() => {
    terminal = new Terminal();
    status = runShell(shellCommands, system(), {
      input: terminal.input,
      output: terminal.output,
      errors: terminal.output,
      greeting: 'three nodes',
      historyFile: undefined,
      signal: new AbortController().signal,
    });
  });

  it('greets, prompts, answers, and ends by Ctrl-D', async () => {
    await terminal.shows('three nodes');
    await terminal.shows('synod> ');
    terminal.type('get here\r');
    await terminal.shows('here = there');
    await terminal.shows('synod> ');
    terminal.type('get nowhere\r');
    await terminal.shows('nowhere = None');
    terminal.type(CTRL_D);
    expect(await status).to.equal(0);
  });

  it('ends by exit', async () => {
    terminal.type('exit\r');
    expect(await status).to.equal(0);
  });

  it('completes commands', async () => {
    await terminal.shows('synod> ');
    terminal.type('disc');
    await terminal.shows('disc');
    terminal.type(TAB);
    await terminal.shows('onnect ');
    terminal.type(CTRL_C);
    terminal.type(CTRL_C);
    await status;
  });

  it('tells a person what was done, and what to write instead of what was wrong', async () => {
    terminal.type('set a b\r');
    await terminal.shows('stored');
    terminal.type('jump\r');
    await terminal.shows('there is no command "jump"; help lists them');
    terminal.type('set a\r');
    await terminal.shows('write "set K V"');
    terminal.type(CTRL_D);
    expect(await status).to.equal(0);
  });

  it('clears a line by Ctrl-C, and ends by Ctrl-C on an empty one', async () => {
    await terminal.shows('synod> ');
    terminal.type('garbage');
    await terminal.shows('garbage');
    terminal.type(CTRL_C);
    terminal.type('get here\r');
    await terminal.shows('here = there');
    await terminal.shows('synod> ');
    terminal.type(CTRL_C);
    expect(await status).to.equal(0);
  });

  it('stops waiting for a command by Ctrl-C, and goes on', async () => {
    await terminal.shows('synod> ');
    terminal.type('send into the dark\r');
    await terminal.shows('send into the dark');
    terminal.type(CTRL_C);
    await terminal.shows('not waited for any longer; it may still happen');
    terminal.type('get here\r');
    await terminal.shows('here = there');
    terminal.type(CTRL_D);
    expect(await status).to.equal(0);
  });
});
