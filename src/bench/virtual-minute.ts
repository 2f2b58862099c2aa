import { kv, kvOperation } from '../applications/kv.ts';
import type { ProtocolName } from '../cluster/protocols.ts';
import { createSimulatedCluster } from '../simulation/simulated-cluster.ts';
import { median } from './figures.ts';

const MINUTE_MS = 60_000;
/** Ten commands a second. */
const PAUSE_MS = 100;
const START_MS_MAX = 10_000;
/** So many minutes before are for the compiler. */
const WARM_UP_ROUNDS = 3;

/** One task of a thread. */
export interface MinuteTask {
  readonly protocol: ProtocolName;
  readonly nodes: number;
  readonly rounds: number;
}

/** What a virtual minute took, in ms of real time. */
export interface MinuteFigures {
  readonly medianMs: number;
  readonly bestMs: number;
  /** Of processor time, in the median. */
  readonly cpuMs: number;
}

/** Measures virtual minutes of a cluster with ten commands a second, each by a seed of its own. */
export default async function virtualMinute({ rounds, ...plan }: MinuteTask): Promise<MinuteFigures> {
  const tookMs: number[] = [];
  const cpuMs: number[] = [];
  for (let seed = 1; seed <= WARM_UP_ROUNDS + rounds; seed++) {
    const took = await minute({ ...plan, seed });
    if (seed <= WARM_UP_ROUNDS) continue;
    tookMs.push(took.realMs);
    cpuMs.push(took.cpuMs);
  }
  return { medianMs: median(tookMs), bestMs: Math.min(...tookMs), cpuMs: median(cpuMs) };
}

async function minute({
  protocol,
  nodes,
  seed,
}: Omit<MinuteTask, 'rounds'> & { readonly seed: number }): Promise<{
  readonly realMs: number;
  readonly cpuMs: number;
}> {
  const { cluster, world } = createSimulatedCluster({ protocol, nodes, application: kv, seed });
  await using _ = cluster;
  await world.runWhile(cluster.start(), START_MS_MAX);
  const client = await world.runWhile(cluster.client(), START_MS_MAX);
  const endMs = world.clock.now() + MINUTE_MS;
  let begun = 0;
  let done = 0;
  const command = () => {
    begun += 1;
    void client.execute(kv, kvOperation.put(`key-${begun % 100}`, `value-${begun}`)).then(() => {
      done += 1;
    });
    if (world.clock.now() + PAUSE_MS < endMs) world.clock.after(PAUSE_MS, command);
  };
  const startedMs = performance.now();
  const before = process.cpuUsage();
  command();
  await world.run(endMs);
  const { user, system } = process.cpuUsage(before);
  const realMs = performance.now() - startedMs;
  if (done < begun - 1) throw new Error(`${begun} commands were begun, and ${done} were done`);
  return { realMs, cpuMs: (user + system) / 1000 };
}
