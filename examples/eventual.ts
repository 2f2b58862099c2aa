/** A store whose servers take writes alone, and a client that moves between them. Run it: npx tsx examples/eventual.ts */
import { createCluster, DependencyError } from 'synod';

await using cluster = await createCluster({ protocol: 'eventual', nodes: 3 });
await using client = await cluster.client({ node: 0 });

// Nobody hears server 0. It takes writes all the same.
await cluster.disconnect(0, 1);
await cluster.disconnect(0, 2);
await client.put('colour', 'blue');

// The client takes its session along: it is never shown less than it has seen.
await client.moveTo(1);
try {
  await client.get('colour');
} catch (error) {
  if (!(error instanceof DependencyError)) throw error;
  console.log('server 1 has not heard of it');
}

// One connection is enough: what was written goes round over server 2.
await cluster.connect(0, 2);
await cluster.stabilize();
console.log('colour is', await client.get('colour'));

// Servers join while it runs, and get what there is.
await cluster.join(7);
await cluster.stabilize();
for await (const [key, value] of cluster.entries(7)) console.log('server 7 has', key, '=', value);
