import { expect } from 'chai';
import { type ExperimentOptions, experiment } from '../../../src/simulation/experiment.ts';

const SEEDS_MAX = 200;

/**
 * Tries seed after seed until one shows that a planted bug is there. `likelySeed`, where it was found last, is tried first,
 * to save time: any other that finds it will do as well.
 */
export async function seekBug(
  options: Omit<ExperimentOptions, 'seed'>,
  likelySeed: number | undefined,
): Promise<void> {
  let found: unknown;
  for (let tried = 0; tried < SEEDS_MAX && found === undefined; tried++) {
    const seed = tried === 0 ? (likelySeed ?? 1) : tried;
    await experiment({ stormMs: 1500, ...options, seed }).catch((error: unknown) => {
      found = error;
      if (process.env.SYNOD_VERBOSE !== undefined) console.log(seed, String(error).slice(0, 300));
    });
  }
  expect(found, `in ${SEEDS_MAX} seeds`).to.be.instanceOf(Error);
  // That would be a bug of the planted one.
  expect(found).to.not.be.instanceOf(TypeError);
}
