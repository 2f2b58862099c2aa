import type { Fault } from './fault.ts';

export const halfFlush: Fault = {
  means: 'of transactions that were being flushed when a node ended, the first ones are found on disk',
  unit: 'probability for each',
  strengthMax: 1,
  probability: 0.5,
  world: (keptUnflushedProbability) => ({ disk: { keptUnflushedProbability } }),
};

export const slowDisk: Fault = {
  means: 'the flushes of a node take long',
  unit: 'ms',
  strengthMax: 30,
  probability: 0.4,
  strikes: (ms) => [
    [
      1,
      async (storm) => {
        const flushMsMax = 1 + (storm.random.next() < 0.4 ? 0 : storm.random.next() * ms);
        storm.host.changePace(storm.someNode(), { flushMsMax });
      },
    ],
  ],
};
