/** An application of one's own: counters. Run it: npx tsx examples/own-application.ts */
import { isMainThread } from 'node:worker_threads';
import { type Application, createCluster } from 'synod';

interface Add {
  readonly counter: string;
  readonly amount: number;
}

/** Deterministic: no clock, no chance, no I/O, and nothing remembered but in `state`. */
export const counters: Application<Add, number, string, number> = {
  name: 'counters',
  // Each node's thread loads the application from this module.
  module: import.meta.url,
  apply({ counter, amount }, state) {
    const total = numberOf(state.get(counter)) + amount;
    state.put(counter, total);
    return total;
  },
  query: (counter, state) => numberOf(state.get(counter)),
};

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

async function main(): Promise<void> {
  await using cluster = await createCluster({ protocol: 'paxos', nodes: 3, application: counters });
  const client = await cluster.client();
  // Not awaited one by one: a client's operations are applied in the order of its calls all the same.
  const totals = await Promise.all(
    [1, 2, 3].map((amount) => client.execute(counters, { counter: 'visits', amount })),
  );
  console.log('totals:', totals.join(' '));
  console.log('visits:', await client.query(counters, 'visits'));
}

// The threads of the nodes load this module too; they start no cluster of their own. A top-level await would also
// keep them from loading it by `require`, as they do under tsx.
if (isMainThread) void main();
