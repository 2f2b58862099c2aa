import { stormHash } from './ping-host.ts';

console.log(await stormHash(Number(process.argv[2])));
