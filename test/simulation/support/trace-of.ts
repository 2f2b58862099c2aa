import { experiment } from '../../../src/simulation/experiment.ts';
import { SIMULATED_PROTOCOLS, type SimulatedProtocolName } from '../../../src/simulation/protocols/index.ts';

/** Everything that happens in an experiment, line by line. */
export async function traceOf(protocol: SimulatedProtocolName, seed: number): Promise<string[]> {
  const lines: string[] = [];
  const result = await experiment({
    protocol: SIMULATED_PROTOCOLS[protocol],
    seed,
    stormMs: 600,
    trace: (record) => lines.push(JSON.stringify(record)),
  });
  lines.push(JSON.stringify(result));
  return lines;
}
