import type { ProtocolName } from '../../../src/cluster/protocols.ts';
import { experiment } from './experiment.ts';

/** Everything that happens in an experiment, line by line. */
export async function traceOf(protocol: ProtocolName, seed: number): Promise<string[]> {
  const lines: string[] = [];
  const result = await experiment({
    protocol,
    seed,
    stormMs: 600,
    trace: (record) => lines.push(JSON.stringify(record)),
  });
  lines.push(JSON.stringify(result));
  return lines;
}
