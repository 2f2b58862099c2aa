import { expect } from 'chai';
import { experiment } from '../../../src/simulation/experiment.ts';
import type { SimulatedProtocolName } from '../../../src/simulation/protocols/index.ts';
import { isLong } from '../../long.ts';
import { type BuggyExperiment, PLANTED_BUGS } from './planted-bugs.ts';

/** Seeds that are tried before a planted bug counts as not found. */
const SEEDS_MAX = isLong ? 1000 : 200;
const STORM_MS = 1500;

/** Tries seeds until one shows that something is wrong, and nothing without the bug; undefined when none does. */
export async function firstToShow(
  bug: BuggyExperiment,
  seeds: Iterable<number>,
): Promise<{ readonly seed: number; readonly error: unknown } | undefined> {
  for (const seed of seeds) {
    const error = await errorOf(bug, seed);
    if (error === undefined) continue;
    const other = await errorOf({ ...bug, instruments: [] }, seed);
    if (other !== undefined) throw new Error(`seed ${seed} fails without the bug, too`, { cause: other });
    return { seed, error };
  }
  return undefined;
}

async function errorOf(options: BuggyExperiment, seed: number): Promise<unknown> {
  try {
    await experiment({ stormMs: STORM_MS, ...options, seed });
    return undefined;
  } catch (error) {
    return error;
  }
}

/**
 * A test for each planted bug of a protocol: some seed must show it. In CI `likelySeeds`, where the rarer ones were found
 * last, are tried first, to save time: any other that finds it will do as well.
 */
export function seekPlantedBugs(
  protocol: SimulatedProtocolName,
  likelySeeds: Readonly<Record<string, number>>,
): void {
  describe(`the simulation of ${protocol} finds a planted bug`, function () {
    this.timeout(isLong ? 1_800_000 : 180_000);
    for (const { what, experiment: bug } of PLANTED_BUGS[protocol]) {
      it(what, async () => {
        const seeds = Array.from({ length: SEEDS_MAX }, (_, place) => place + 1);
        const likely = isLong ? undefined : likelySeeds[what];
        const found = await firstToShow(bug, likely === undefined ? seeds : [likely, ...seeds]);
        if (process.env.SYNOD_VERBOSE !== undefined)
          console.log(found?.seed, String(found?.error).slice(0, 300));
        expect(found, `in ${SEEDS_MAX} seeds`).to.not.equal(undefined);
        expect(found!.error).to.be.instanceOf(Error);
        // That would be a bug of the planted one.
        expect(found!.error).to.not.be.instanceOf(TypeError);
      });
    }
  });
}
