import { expect } from 'chai';
import { type ExperimentOptions, experiment } from '../../../src/simulation/experiment.ts';
import { isLong } from '../../long.ts';

const SEEDS_MAX = isLong ? 1000 : 200;
/** How long {@link seekBug} may take. */
export const SEEK_MS_MAX = isLong ? 3_600_000 : 180_000;

/**
 * Tries seed after seed until one shows that a planted bug is there. `likelySeed`, where it was found last, is tried first
 * in CI, to save time: any other that finds it will do as well.
 */
export async function seekBug(
  options: Omit<ExperimentOptions, 'seed'>,
  likelySeed: number | undefined,
): Promise<void> {
  let found: unknown;
  for (let tried = 0; tried < SEEDS_MAX && found === undefined; tried++) {
    const seed = tried > 0 || isLong ? tried + 1 : (likelySeed ?? 1);
    await experiment({ stormMs: 1500, ...options, seed }).catch((error: unknown) => {
      found = error;
      if (process.env.SYNOD_VERBOSE !== undefined) console.log(seed, String(error).slice(0, 300));
    });
  }
  expect(found, `in ${SEEDS_MAX} seeds`).to.be.instanceOf(Error);
  // That would be a bug of the planted one.
  expect(found).to.not.be.instanceOf(TypeError);
}
