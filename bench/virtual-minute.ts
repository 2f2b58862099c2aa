/** How long a virtual minute of a lightly loaded cluster takes. Run it: npx tsx bench/virtual-minute.ts [rounds] */
import { kv, kvOperation } from '../src/applications/kv.ts';
import { PROTOCOL_NAMES, type ProtocolName } from '../src/cluster/protocols.ts';
import { createSimulatedCluster } from '../src/simulation/simulated-cluster.ts';

const NODES = 3;
const MINUTE_MS = 60_000;
/** Ten commands a second. */
const PAUSE_MS = 100;
const START_MS_MAX = 10_000;

/** Real ms that a minute takes. */
async function minute(protocol: ProtocolName, seed: number): Promise<number> {
  const { cluster, world } = createSimulatedCluster({ protocol, nodes: NODES, application: kv, seed });
  await using _ = cluster;
  await world.runWhile(cluster.start(), START_MS_MAX);
  const client = await world.runWhile(cluster.client(), START_MS_MAX);
  const endMs = world.clock.now() + MINUTE_MS;
  let done = 0;
  const command = () => {
    void client.execute(kv, kvOperation.put(`key-${done % 100}`, `value-${done}`)).then(() => {
      done += 1;
    });
    if (world.clock.now() + PAUSE_MS < endMs) world.clock.after(PAUSE_MS, command);
  };
  const startedMs = performance.now();
  command();
  await world.run(endMs);
  const tookMs = performance.now() - startedMs;
  if (done < MINUTE_MS / PAUSE_MS - 1) throw new Error(`${done} commands were done`);
  return tookMs;
}

const rounds = Number(process.argv[2] ?? 7);
for (const protocol of PROTOCOL_NAMES) {
  const took: number[] = [];
  // The first ones are for the compiler.
  for (let round = -2; round < rounds; round++) {
    const ms = await minute(protocol, round + 3);
    if (round >= 0) took.push(ms);
  }
  took.sort((a, b) => a - b);
  const [best, median] = [took[0]!, took[Math.floor(took.length / 2)]!].map((ms) => ms.toFixed(0));
  console.log(
    `${protocol}: a virtual minute of ${NODES} nodes takes ${median} ms (median of ${rounds}; best ${best} ms)`,
  );
}
