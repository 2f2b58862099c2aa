import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { DiskFullError } from '../../../actors/errors.ts';
import type { StoreValue } from '../../../src/client/store-value.ts';
import { UnknownOutcomeError } from '../../../src/errors.ts';
import { eventualGrammar } from '../../../src/scenario/eventual-grammar.ts';
import type { EventualRunOptions, StoreSystem } from '../../../src/scenario/eventual-run.ts';
import { parseScript } from '../../../src/scenario/parse.ts';
import { runScript } from '../../../src/scenario/run-script.ts';

/** A store that is told nothing by anybody: it notes what is asked for, and when; writes end some turns later. */
class FakeStore implements StoreSystem {
  readonly calls: string[] = [];
  readonly nodes: number[] = [];
  readonly #up = new Set<number>();
  readonly #values = new Map<string, StoreValue>();
  /** Called for each write when it is to end. */
  outcome: (key: string) => void = () => {};
  unfinished = 0;

  note(call: string): void {
    this.calls.push(this.unfinished === 0 ? call : `${call} (${this.unfinished} under way)`);
  }

  async join(node: number): Promise<void> {
    this.note(`join ${node}`);
    if (!this.nodes.includes(node)) this.nodes.push(node);
    this.#up.add(node);
  }

  async crash(node: number): Promise<void> {
    this.note(`crash ${node}`);
    this.#up.delete(node);
  }

  async connect(a: number, b: number): Promise<void> {
    this.note(`connect ${a} ${b}`);
  }

  async disconnect(a: number, b: number): Promise<void> {
    this.note(`disconnect ${a} ${b}`);
  }

  async stabilize(): Promise<void> {
    this.note('stabilize');
  }

  isUp(node: number): boolean {
    return this.#up.has(node);
  }

  async *entries(node: number): AsyncIterableIterator<[string, StoreValue]> {
    this.note(`entries ${node}`);
    yield* this.#values;
  }

  async status(): ReturnType<StoreSystem['status']> {
    return { protocol: 'eventual', nodes: [], cut: [] };
  }

  async client({ node }: { readonly node: number }): ReturnType<StoreSystem['client']> {
    this.note(`client at ${node}`);
    return {
      moveTo: async (to) => this.note(`move to ${to}`),
      leave: async () => this.note('leave'),
      put: (key, value) => this.#write(key, () => this.#values.set(key, value)),
      delete: (key) => this.#write(key, () => this.#values.delete(key)),
      get: async (key) => this.#values.get(key),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.note('end');
  }

  async #write(key: string, change: () => void): Promise<void> {
    this.note(`write ${key}`);
    this.unfinished += 1;
    for (let turns = 0; turns < 3; turns++) await turn();
    this.unfinished -= 1;
    this.outcome(key);
    change();
  }
}

interface Ran {
  readonly calls: readonly string[];
  readonly printed: readonly string[];
  readonly warnings: readonly string[];
  readonly failure: string | undefined;
}

async function run(
  script: readonly string[],
  options: Partial<EventualRunOptions> = {},
  outcome: FakeStore['outcome'] = () => {},
): Promise<Ran> {
  const store = new FakeStore();
  store.outcome = outcome;
  const open = async (server: number) => {
    await store.join(server);
    return store;
  };
  const printed: string[] = [];
  const warnings: string[] = [];
  const failure = await runScript(
    parseScript(eventualGrammar({ open, ...options }), 'f', script.join('\n')),
    'f',
    {
      dataDir: '',
      print: (line) => void printed.push(line),
      warn: (error) => void warnings.push(error.message),
    },
  ).then(() => undefined, String);
  return { calls: store.calls, printed, warnings, failure };
}

const ONE_CLIENT = ['joinServer 0', 'joinServer 1', 'joinClient 5 0'];

describe('a script of the eventually consistent store', () => {
  it('has puts and deletes that follow one another under way together', async () => {
    const { calls, failure } = await run([...ONE_CLIENT, 'put 5 a 1', 'delete 5 b', 'put 5 a 2', 'get 5 a']);
    expect(failure).to.equal(undefined);
    expect(calls.slice(3)).to.deep.equal([
      'write a',
      'write b (1 under way)',
      'write a (2 under way)',
      'end',
    ]);
  });

  for (const [command, call] of [
    ['killServer 1', 'crash 1'],
    ['joinServer 2', 'join 2'],
    ['joinClient 6 1', 'client at 1'],
    ['joinClient 5 1', 'move to 1'],
    ['breakConnection 0 1', 'disconnect 0 1'],
    ['createConnection 0 1', 'connect 0 1'],
    ['breakConnection 5 0', 'leave'],
    ['stabilize', 'stabilize'],
    ['printStore 0', 'entries 0'],
  ] as const) {
    it(`waits for what was put before ${command}`, async () => {
      const { calls, failure } = await run([...ONE_CLIENT, 'put 5 a 1', command]);
      expect(failure).to.equal(undefined);
      expect(calls.slice(3)).to.deep.equal(['write a', call, 'end']);
    });
  }

  it('waits for each put where one is to be under way at a time, and for half where there are too many', async () => {
    const puts = Array.from({ length: 6 }, (_, number) => `put 5 k${number} v`);
    const single = await run([...ONE_CLIENT, ...puts], { inFlightMax: 1 });
    expect(single.calls.filter((call) => call.includes('under way'))).to.deep.equal([]);
    const several = await run([...ONE_CLIENT, ...puts], { inFlightMax: 4 });
    expect(several.calls.slice(3, 9)).to.deep.equal([
      'write k0',
      'write k1 (1 under way)',
      'write k2 (2 under way)',
      'write k3 (3 under way)',
      'write k4 (1 under way)',
      'write k5 (2 under way)',
    ]);
  });

  it('prints ERR_CONN where a server died by itself, also at its end, and goes on', async () => {
    const lost = (key: string) => {
      if (key === 'lost') throw new UnknownOutcomeError('a put', 'server 0 ended');
    };
    const script = [...ONE_CLIENT, 'put 5 lost 1', 'put 5 b 2', 'get 5 b', 'put 5 lost 2'];
    const { printed, calls, failure } = await run(script, {}, lost);
    expect(failure).to.equal(undefined);
    expect(printed).to.deep.equal(['lost:ERR_CONN', 'b:2', 'lost:ERR_CONN']);
    expect(calls.at(-1)).to.equal('end');
  });

  it('fails at the next command that waits, where a put failed for another reason', async () => {
    const full = () => {
      throw new DiskFullError('here', 'no space');
    };
    const { failure, calls } = await run(
      [...ONE_CLIENT, 'put 5 a 1', 'put 5 b 2', 'stabilize', 'get 5 a'],
      {},
      full,
    );
    expect(failure).to.match(/^ScenarioFailedError: f:6: no space for the journal in here/);
    expect(calls.slice(-1)).to.deep.equal(['end']);
  });

  it('prints nothing of a server that does not run, and says why', async () => {
    const { printed, warnings } = await run([
      'printStore 3',
      'joinServer 0',
      'printStore 3',
      'killServer 0',
      'printStore 0',
    ]);
    expect(printed).to.deep.equal([]);
    expect(warnings).to.deep.equal(
      [3, 3, 0].map((id) => `server ${id} does not run: there is nothing to print`),
    );
  });

  it('asks nothing of servers and connections that there are not', async () => {
    const { calls, printed } = await run([
      'killServer 0',
      'joinClient 5 0',
      'put 5 a 1',
      'stabilize',
      'breakConnection 5 0',
      'joinServer 1',
      'killServer 0',
      'createConnection 0 1',
      'joinClient 5 0',
      'get 5 a',
      'joinClient 5 1',
      'breakConnection 5 0',
      'joinClient 5 0',
    ]);
    expect(printed).to.deep.equal(['a:ERR_CONN', 'a:ERR_CONN']);
    expect(calls).to.deep.equal(['join 1', 'client at 1', 'leave', 'end']);
  });
});
