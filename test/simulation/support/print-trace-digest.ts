import { createHash } from 'node:crypto';
import { traceOf } from './trace-of.ts';

// Run by a test as a process of its own: prints the digest of the trace of the seed that it is given.
const lines = await traceOf(Number(process.argv[2]));
process.stdout.write(createHash('sha256').update(lines.join('\n')).digest('hex'));
