import type { Cluster } from '../cluster/cluster.ts';
import type { KeyValueStore } from '../key-value-store.ts';
import { ClosedLoop } from './closed-loop.ts';
import type { Workload } from './workload.ts';

/** Writes under way while the leader dies. */
export const FAILOVER_IN_FLIGHT = 16;

/**
 * Kills the leader under load, and takes the milliseconds until a write that was begun after the kill is committed.
 * The node is back and the cluster at rest when this resolves.
 */
export async function measureFailover(
  cluster: Cluster,
  store: KeyValueStore,
  { keys, values }: Workload,
): Promise<number> {
  const { leader } = await cluster.status();
  if (leader === undefined) throw new Error('no node leads, so none can be killed');
  const write = (number: number) =>
    store.put(keys[number % keys.length] ?? '', values[number % values.length] ?? '');
  const load = new ClosedLoop(write);
  load.start(FAILOVER_IN_FLIGHT);
  while (load.completed < FAILOVER_IN_FLIGHT) await write(0);
  const killedMs = performance.now();
  await cluster.crash(leader);
  await write(0);
  const tookMs = performance.now() - killedMs;
  await load.stop();
  await cluster.restart(leader);
  await cluster.settled();
  return tookMs;
}
