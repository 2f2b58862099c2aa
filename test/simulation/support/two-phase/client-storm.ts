import type { Random } from '../../../../actors/random.ts';
import { derivedRandom } from '../../../../actors/simulated/seed.ts';
import { type History, HistoryRecorder } from '../../../../src/checks/index.ts';
import type { TransactionClient } from '../../../../src/client/transaction-client.ts';
import type { TransactionCluster } from '../../../../src/cluster/transaction-cluster.ts';
import { TRANSACTION_MESSAGES } from '../../../../src/cluster/transaction-messages.ts';
import { createSimulatedCluster } from '../../../../src/simulation/index.ts';
import { Violation } from '../../../../src/simulation/violation.ts';

const KEYS = ['a', 'b', 'c', 'd'];
const CLIENTS = 4;
const STORM_MS = 4000;
const LIMIT_MS = 60_000;

const STORMY = {
  lossProbability: 0.05,
  clientLossProbability: 0.05,
  duplicateProbability: 0.1,
  reorderProbability: 0.1,
};
const CALM = { lossProbability: 0, clientLossProbability: 0, duplicateProbability: 0, reorderProbability: 0 };

/** A step of a transaction, as the checker of histories reads it. */
type Step = ['r', string, string[] | null] | ['append', string, string];

/** What the storm has left, to be looked at. */
export interface AfterTheStorm {
  readonly history: History;
  /** How transactions ended, by their endings. */
  readonly endings: ReadonlyMap<string, number>;
}

/**
 * Clients append to lists and read them, several at once, while nodes die, links break and frames are lost; each call goes
 * through the clients that people use. At the end all is mended, and every follower must have the same.
 */
export async function stormOverClients(seed: number): Promise<AfterTheStorm> {
  const random = derivedRandom(seed, 'storm over clients');
  const { cluster, world } = createSimulatedCluster({
    protocol: '2pc',
    nodes: 4,
    seed,
    network: STORMY,
    disk: { keptUnflushedProbability: 0.3 },
    settings: { voteTimeoutMs: 150, decisionTimeoutMs: 60 },
  });
  await using _ = cluster;
  await world.runWhile(cluster.start(), LIMIT_MS);
  const recorder = new HistoryRecorder();
  const endings = new Map<string, number>();
  const state = { isOver: false };
  const processes = { last: CLIENTS - 1 };
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, () => cluster.client({ timeoutMs: 1500 })),
  );
  const sleep = (ms: number) => new Promise<void>((resolve) => world.clock.after(ms, resolve));
  const work = Promise.all(
    clients.map(async (client, number) => {
      const own = derivedRandom(seed, 'client', number);
      for (let process = number, turn = 0; !state.isOver; turn++) {
        await sleep(own.next() * 10);
        const ending = await transact(client, own, recorder, process, `${number}.${turn}`);
        endings.set(ending, (endings.get(ending) ?? 0) + 1);
        // Whoever does not know how it ended does not come back: another one takes its place.
        if (ending === 'info') process = ++processes.last;
      }
    }),
  );
  const untilMs = world.clock.now() + STORM_MS;
  while (world.clock.now() < untilMs) {
    await world.run(world.clock.now() + random.next() * 60);
    await world.runWhile(strike(cluster, random), LIMIT_MS);
  }
  world.changeNetwork(CALM);
  await world.runWhile(mend(cluster), LIMIT_MS);
  await world.run(world.clock.now() + 2000);
  state.isOver = true;
  await world.runWhile(work, LIMIT_MS);
  await world.runWhile(cluster.settled(), LIMIT_MS);
  await checkAgreement(cluster, (promise) => world.runWhile(promise, LIMIT_MS));
  return { history: recorder.history, endings };
}

/** One transaction: the kind of its ending. */
async function transact(
  client: TransactionClient,
  random: Random,
  recorder: HistoryRecorder,
  process: number,
  name: string,
): Promise<'ok' | 'fail' | 'info'> {
  const keys = KEYS.filter(() => random.next() < 0.5);
  const appended = keys.filter(() => random.next() < 0.5);
  const steps: Step[] = keys.flatMap((key): Step[] =>
    appended.includes(key)
      ? [
          ['r', key, null],
          ['append', key, name],
        ]
      : [['r', key, null]],
  );
  const end = recorder.invoke({ process, f: 'txn', value: steps });
  const transaction = client.begin();
  const read = new Map<string, string[]>();
  try {
    for (const key of keys) {
      const list = listOf(await transaction.get(key));
      read.set(key, list);
      if (appended.includes(key)) transaction.put(key, JSON.stringify([...list, name]));
    }
  } catch {
    transaction.abort();
    end('fail');
    return 'fail';
  }
  try {
    if ((await transaction.commit()) === 'aborted') {
      end('fail');
      return 'fail';
    }
  } catch {
    end('info');
    return 'info';
  }
  end('ok', {
    value: steps.map((step) => (step[0] === 'r' ? ['r', step[1], read.get(step[1]) ?? []] : step)),
  });
  return 'ok';
}

function listOf(value: string | Uint8Array | undefined): string[] {
  return typeof value === 'string' ? (JSON.parse(value) as string[]) : [];
}

async function strike(cluster: TransactionCluster, random: Random): Promise<void> {
  const some = () => cluster.nodes[random.integer(0, cluster.nodes.length - 1)]!;
  // While anybody is missing nothing commits: it must not be for long.
  for (const node of cluster.nodes) if (random.next() < 0.5) await cluster.restart(node);
  switch (random.integer(0, 5)) {
    case 0:
      return cluster.crash(some());
    case 1: {
      const message = TRANSACTION_MESSAGES[random.integer(0, TRANSACTION_MESSAGES.length - 1)]!;
      const node = some();
      if (!cluster.isUp(node)) return;
      if (random.next() < 0.5) cluster.crashBefore(node, message);
      else cluster.crashAfter(node, message);
      return;
    }
    case 2:
      return cluster.disconnect(some(), some());
    default:
      return mendLinks(cluster);
  }
}

async function mendLinks(cluster: TransactionCluster): Promise<void> {
  for (const a of cluster.nodes) for (const b of cluster.nodes) await cluster.connect(a, b);
}

async function mend(cluster: TransactionCluster): Promise<void> {
  await mendLinks(cluster);
  // What was ordered and has not happened dies with them.
  for (const node of cluster.nodes) {
    await cluster.crash(node);
    await cluster.restart(node);
  }
}

async function checkAgreement(
  cluster: TransactionCluster,
  run: <Result>(work: Promise<Result>) => Promise<Result>,
): Promise<void> {
  const stores = new Set<string>();
  for (const node of cluster.nodes) {
    if (node > 0) stores.add(JSON.stringify(await run(cluster.store(node))));
    const journal = await run(cluster.journal(node));
    if (journal?.length !== 0) throw new Violation('journals are empty', `that of node ${node} is not`);
  }
  if (stores.size !== 1) throw new Violation('all followers agree', [...stores].join(' and '));
}
