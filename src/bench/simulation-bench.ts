import { Piscina } from 'piscina';
import { threadFile } from '../../actors/threads/thread-file.ts';
import type { ProtocolName } from '../cluster/protocols.ts';
import { YOUNG_GENERATION_MB } from '../simulation/swarm/swarm.ts';
import { rounded } from './figures.ts';
import type { MinuteFigures, MinuteTask } from './virtual-minute.ts';

/** How fast simulated time passes. */
export interface SimulationRow extends MinuteFigures {
  readonly protocol: string;
  readonly operation: 'simulation';
  readonly nodes: number;
}

/** Measures a virtual minute of a lightly loaded cluster, on a thread as those of a swarm. */
export async function* benchSimulation(
  protocol: ProtocolName,
  { nodes, rounds, signal }: Omit<MinuteTask, 'protocol'> & { readonly signal: AbortSignal },
): AsyncGenerator<SimulationRow> {
  const pool = new Piscina({
    filename: threadFile('virtual-minute', import.meta.url),
    maxThreads: 1,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  });
  try {
    const task: MinuteTask = { protocol, nodes, rounds };
    const { medianMs, bestMs, cpuMs }: MinuteFigures = await pool.run(task, { signal });
    const figures = { medianMs: rounded(medianMs), bestMs: rounded(bestMs), cpuMs: rounded(cpuMs) };
    yield { protocol, operation: 'simulation', nodes, ...figures };
  } finally {
    await pool.destroy();
  }
}
