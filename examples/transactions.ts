/** Two accounts, and a transfer between them that happens as a whole or not at all. */
import { createCluster } from 'synod';

await using cluster = await createCluster({ protocol: '2pc', nodes: 4 });
const client = await cluster.client();

await client.put('anna', '10');
await client.put('ben', '0');

const transfer = client.begin();
const anna = Number(await transfer.get('anna'));
const ben = Number(await transfer.get('ben'));
transfer.put('anna', String(anna - 4));
transfer.put('ben', String(ben + 4));
console.log(`transfer: ${await transfer.commit()}`);
console.log(`anna has ${await client.get('anna')}, ben has ${await client.get('ben')}`);

// Somebody else is quicker than one who has read.
const late = client.begin();
const had = Number(await late.get('anna'));
await client.put('anna', '100');
late.put('anna', String(had - 1));
console.log(`too late: ${await late.commit()}, for there is a ${late.abortReason}`);

// Every follower has a say.
await cluster.crash(2);
console.log(`without node 2: ${await client.put('anna', '0')}`);
await cluster.restart(2);
console.log(`with it: ${await client.put('anna', '0')}`);
