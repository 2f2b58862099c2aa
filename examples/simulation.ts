/** A whole cluster in virtual time; one seed decides everything. Run it: npx tsx examples/simulation.ts */
import { kv, openKeyValueStore } from 'synod';
import { createSimulatedCluster } from 'synod/simulation';

const { cluster, world } = createSimulatedCluster({
  protocol: 'paxos',
  nodes: 3,
  application: kv,
  seed: 7,
  network: { lossProbability: 0.1, duplicateProbability: 0.1 },
});
// Nothing happens but while the world runs; the limits are virtual milliseconds.
await world.runWhile(cluster.start(), 10_000);
const store = openKeyValueStore(await world.runWhile(cluster.client(), 10_000));
await world.runWhile(store.put('colour', 'blue'), 10_000);
await world.runWhile(cluster.crash(0), 10_000);
console.log('colour is', await world.runWhile(store.get('colour'), 10_000));
