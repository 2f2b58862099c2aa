import { freshSeed } from '../../../actors/threads/real-time.ts';
import { isLong } from '../../long.ts';
import { type ChaosSystem, type ChaosSystemOptions, chaos } from './chaos.ts';

const DURATION_MS = isLong ? 60_000 : 10_000;

/** Defines the test of a system. The seed is that of the environment, else always the same in CI, and a fresh one in long runs. */
export function itStandsChaos(create: (options: ChaosSystemOptions) => Promise<ChaosSystem>): void {
  const seed = Number(process.env.SYNOD_SEED ?? (isLong ? freshSeed() : 1));
  it(`keeps what it promises while nodes end and links break for ${DURATION_MS / 1000} s, seed ${seed}`, async function () {
    // A busy machine is late with the plan.
    this.timeout(5 * DURATION_MS + 120_000);
    const counts = await chaos(create, { seed, durationMs: DURATION_MS });
    if (isLong || process.env.SYNOD_VERBOSE !== undefined) console.log(counts);
  });
}
