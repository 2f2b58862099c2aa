import { expect } from 'chai';
import fc from 'fast-check';
import { checkSessions, HistoryRecorder } from '../../../src/checks/index.ts';
import type { EventualClusterStatus } from '../../../src/cluster/eventual-cluster.ts';
import { Topology } from '../../../src/cluster/topology.ts';
import { EventualRun } from '../../../src/scenario/eventual-run.ts';
import { createSimulatedCluster } from '../../../src/simulation/index.ts';
import { PutOrder } from './put-order.ts';

/** Out of the order of their ids, so that the first one does not always lose. */
const SERVERS = [3, 8, 5, 1];
const CLIENTS = [10, 11, 12];
/** A key that is deleted, too; histories of sessions know no deletes. */
const DELETED = 'x';
const KEYS = ['a', 'b', DELETED];
/** Frames of clients, too. */
const STORMY = {
  lossProbability: 0.1,
  clientLossProbability: 0.1,
  duplicateProbability: 0.2,
  reorderProbability: 0.2,
  latencyMsMax: 5,
};
const LIMIT_MS = 120_000;
const RUNS = Number(process.env.SYNOD_RUNS ?? 40);
const SEED = process.env.SYNOD_SEED === undefined ? undefined : Number(process.env.SYNOD_SEED);

const server = fc.constantFrom(...SERVERS);
const client = fc.constantFrom(...CLIENTS);
const key = fc.constantFrom(...KEYS);

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('put' as const), client, key }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('get' as const), client, key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), client }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('move' as const), client, server }) },
  // One connection, or all of a server.
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('break' as const), server, others: fc.subarray(SERVERS) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('create' as const), server, others: fc.subarray(SERVERS) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('kill' as const), server }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('join' as const), server }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stabilize' as const) }) },
);

const scripts = fc.record({
  seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  inFlightMax: fc.constantFrom(1, 4096),
  network: fc.constantFrom({}, { lossProbability: 0.1 }, STORMY),
  /** Servers that are there before anything is put. */
  early: fc.subarray(SERVERS.slice(1), { minLength: 1 }),
  steps: fc.array(step, { minLength: 20, maxLength: 80, size: 'max' }),
});

type Script = typeof scripts extends fc.Arbitrary<infer Value> ? Value : never;

interface Outcome {
  readonly puts: number;
  readonly behind: number;
}

/** Runs a script, lets everything heal, and checks what was seen. */
async function check({ seed, inFlightMax, network, early, steps }: Script): Promise<Outcome> {
  const [first] = SERVERS;
  const { cluster, world } = createSimulatedCluster({
    protocol: 'eventual',
    nodes: [first!],
    seed,
    network,
  });
  const printed: string[] = [];
  const environment = {
    dataDir: '',
    journal: 'lmdb' as const,
    signal: new AbortController().signal,
    print: (line: string) => void printed.push(line),
    warn: (error: Error) => {
      throw error;
    },
  };
  const run = new EventualRun(environment, { open: () => cluster.start().then(() => cluster), inFlightMax });
  const act = async (acting: void | Promise<void>): Promise<string[]> => {
    if (acting !== undefined) await world.runWhile(acting, LIMIT_MS);
    return printed.splice(0);
  };
  const recorder = new HistoryRecorder();
  const order = new PutOrder();
  const joined = new Set([first!]);
  let behind = 0;

  const put = async (id: number, name: string, value: string | undefined) => {
    const end =
      name === DELETED ? undefined : recorder.invoke({ process: id, f: 'put', key: name, value: value! });
    const lines = await act(value === undefined ? run.delete(id, name) : run.put(id, name, value));
    if (lines.length === 0) order.put(id, name, value);
    else expect(lines).to.deep.equal([`${name}:ERR_CONN`]);
    end?.(lines.length === 0 ? 'ok' : 'fail');
  };
  const get = async (id: number, name: string): Promise<string> => {
    const end = name === DELETED ? undefined : recorder.invoke({ process: id, f: 'get', key: name });
    const [line = ''] = await act(run.get(id, name));
    const value = line.slice(name.length + 1);
    const isAnswer = value !== 'ERR_DEP' && value !== 'ERR_CONN';
    if (value === 'ERR_DEP') behind += 1;
    const found = value === 'ERR_KEY' ? null : value;
    if (isAnswer) end?.('ok', { value: found });
    else end?.('fail');
    if (isAnswer && found !== null) order.get(id, name, found);
    return value;
  };
  const move = async (id: number, to: number) => {
    await act(run.connectClient(id, to));
    order.move(id, to);
  };
  const stabilize = async () => {
    await act(run.stabilize());
    for (const side of sidesOf(await world.runWhile(cluster.status(), LIMIT_MS))) order.meet(side);
  };

  await act(run.joinServer(first!));
  for (const id of early) {
    joined.add(id);
    await act(run.joinServer(id));
  }
  for (const id of CLIENTS) await move(id, first!);
  for (const [number, step] of steps.entries()) {
    switch (step.do) {
      case 'put':
        await put(step.client, step.key, `v${number}`);
        break;
      case 'delete':
        await put(step.client, DELETED, undefined);
        break;
      case 'get':
        await get(step.client, step.key);
        break;
      case 'move':
        await move(step.client, step.server);
        break;
      case 'break':
      case 'create':
        for (const other of step.others) {
          if (other === step.server) continue;
          const link = { between: 'servers', a: step.server, b: other } as const;
          await act(step.do === 'break' ? run.breakConnection(link) : run.createConnection(link));
        }
        break;
      case 'kill':
        await act(run.killServer(step.server));
        break;
      case 'join':
        joined.add(step.server);
        await act(run.joinServer(step.server));
        break;
      case 'stabilize':
        await stabilize();
    }
  }

  for (const id of joined) await act(run.joinServer(id));
  for (const id of CLIENTS) await move(id, first!);
  await stabilize();
  const stores = [];
  for (const id of joined) stores.push(await act(run.printStore(id)));
  for (const store of stores) expect(store).to.deep.equal(stores[0]);
  for (const name of KEYS) {
    const line = stores[0]!.find((entry) => entry.startsWith(`${name}:`));
    const last = order.last(name).map(({ value }) => value);
    expect(last.length === 0 ? [undefined] : last).to.include(line?.slice(name.length + 1));
    for (const id of CLIENTS) expect(await get(id, name)).to.equal(line?.slice(name.length + 1) ?? 'ERR_KEY');
  }
  const { verdict, violations } = checkSessions(recorder.history, undefined, { siblings: true });
  expect(verdict, violations[0]?.drawing).to.equal('ok');
  await world.runWhile(run[Symbol.asyncDispose](), LIMIT_MS);
  return { puts: order.puts.length, behind };
}

/** The servers that live, those that can reach each other together. */
function sidesOf({ nodes, cut }: EventualClusterStatus): number[][] {
  const topology = new Topology(() => nodes.map(({ node }) => String(node)));
  for (const { node, up } of nodes) topology.setUp(String(node), up);
  for (const [a, b] of cut) topology.setLink(String(a), String(b), false);
  return topology.up.map((name) => topology.reachable([name]).map(Number));
}

describe('random scripts of the eventually consistent store', () => {
  it('end with equal stores of what was put last, and never break a promise to a session', async function () {
    this.timeout(300_000);
    const outcomes: Outcome[] = [];
    await fc.assert(
      fc.asyncProperty(scripts, async (script) => void outcomes.push(await check(script))),
      { numRuns: RUNS, ...(SEED === undefined ? {} : { seed: SEED }) },
    );
    expect(sumOf(outcomes.map(({ puts }) => puts))).to.be.above(5 * RUNS);
    expect(sumOf(outcomes.map(({ behind }) => behind))).to.be.above(RUNS / 5);
  });
});

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
