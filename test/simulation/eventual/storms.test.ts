import { expect } from 'chai';
import { type StormOptions, storm } from './storm.ts';

const SEEDS = Number(process.env.SYNOD_SEEDS ?? 8);
const FIRST = Number(process.env.SYNOD_SEED ?? 1);

/** Each kind of storm with bounds that others do not reach. */
function optionsOf(seed: number): StormOptions {
  return {
    seed,
    servers: 3 + (seed % 3),
    clients: 4,
    steps: 400,
    keys: seed % 5 === 0 ? 40 : 4,
    deletes: seed % 5 === 1 ? 0.3 : 0.1,
    kills: seed % 2 === 0,
    joins: seed % 4 < 2,
    settings:
      seed % 3 === 0
        ? {}
        : { pieceBytesMax: 100, writeLogBytesMax: seed % 3 === 1 ? 400 : 100_000, collectMs: 30 },
  };
}

describe('the eventually consistent store in a storm', () => {
  let reads = 0;
  let writes = 0;

  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
    it(`converges and keeps the promises to sessions, seed ${seed}`, async function () {
      this.timeout(60_000);
      const done = await storm(optionsOf(seed));
      reads += done.reads;
      writes += done.writes;
    });
  }

  it('was about something', () => {
    expect(reads).to.be.above(10 * SEEDS);
    expect(writes).to.be.above(40 * SEEDS);
  });
});
