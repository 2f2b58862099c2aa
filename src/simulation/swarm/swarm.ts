import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import { threadFile } from '../../../actors/threads/thread-file.ts';
import type { Verdict } from './examine.ts';
import type { SeedsTask, SwarmSettings } from './seeds-task.ts';

export interface SwarmOptions extends SwarmSettings {
  /** The first seed. */
  readonly from: number;
  /** How many seeds; without end by default. */
  readonly count?: number;
  /** No seed begins after so many ms of real time; without end by default. */
  readonly untilMs?: number;
  /** Ends everything at once. */
  readonly signal: AbortSignal;
  /** Hears of every seed, as it ends; not in the order of seeds. */
  readonly onVerdict: (verdict: Verdict) => void;
}

/** Enough to make the way to a thread and back cheap. */
const SEEDS_A_TASK = 4;
/** Simulations make much that is short-lived: with room for it, a fifth less of the time goes to its collection. */
export const YOUNG_GENERATION_MB = 96;

/** Runs one experiment for each seed, on a thread for each processor. Resolves when all have ended, or were aborted. */
export async function swarm(options: SwarmOptions): Promise<void> {
  const { from, count = Number.POSITIVE_INFINITY, untilMs, signal, onVerdict, ...settings } = options;
  const deadlineMs = performance.now() + (untilMs ?? Number.POSITIVE_INFINITY);
  const threads = Math.max(1, Math.min(availableParallelism(), Math.ceil(count / SEEDS_A_TASK)));
  const pool = new Piscina({
    filename: threadFile('swarm-thread', import.meta.url),
    minThreads: threads,
    maxThreads: threads,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  });
  let next = from;
  const work = async () => {
    while (next < from + count && performance.now() < deadlineMs && !signal.aborted) {
      const size = Math.min(SEEDS_A_TASK, from + count - next);
      const seeds = Array.from({ length: size }, (_, place) => next + place);
      next += size;
      const task: SeedsTask = { ...settings, seeds };
      const verdicts: readonly Verdict[] = await pool.run(task, { signal });
      for (const verdict of verdicts) onVerdict(verdict);
    }
  };
  try {
    await Promise.all(Array.from({ length: threads }, work));
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await pool.destroy();
  }
}
