/** A replicated key-value store that goes on when its leader dies. Run it: npx tsx examples/key-value.ts */
import { createCluster, kv, openKeyValueStore } from 'synod';

// Three nodes, a worker thread each. Without `dataDir` the data is in a temporary folder, removed at the end.
await using cluster = await createCluster({ protocol: 'paxos', nodes: 3, application: kv });
const store = openKeyValueStore(await cluster.client());

await store.put('colour', 'blue');
console.log('colour is', await store.get('colour'));
console.log('blue to green:', await store.compareAndSet('colour', 'blue', 'green'));
console.log('blue to red:', await store.compareAndSet('colour', 'blue', 'red'));

// Node 0 leads first. Ending its thread takes it away at whatever it was doing; the other two elect a leader.
await cluster.crash(0);
await store.put('size', 'large');
for await (const [key, value] of store.scan()) console.log(key, '=', value);

await cluster.restart(0);
console.log('up:', (await cluster.status()).nodes.filter(({ up }) => up).length, 'of', cluster.nodes.length);
