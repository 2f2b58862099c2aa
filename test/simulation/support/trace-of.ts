import { experiment } from './experiment.ts';

/** Everything that happens in an experiment, line by line. */
export async function traceOf(seed: number): Promise<string[]> {
  const lines: string[] = [];
  const result = await experiment({
    seed,
    stormMs: 600,
    trace: (record) => lines.push(JSON.stringify(record)),
  });
  lines.push(JSON.stringify(result));
  return lines;
}
