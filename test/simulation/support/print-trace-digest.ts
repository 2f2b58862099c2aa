import { createHash } from 'node:crypto';
import type { SimulatedProtocolName } from '../../../src/simulation/protocols/index.ts';
import { traceOf } from './trace-of.ts';

// Run by a test as a process of its own: prints the digest of the trace of the protocol and seed that it is given.
const [, , protocol, seed] = process.argv;
const lines = await traceOf(protocol as SimulatedProtocolName, Number(seed));
process.stdout.write(createHash('sha256').update(lines.join('\n')).digest('hex'));
