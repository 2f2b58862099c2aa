import type { Fault } from './fault.ts';

export const halfFlush: Fault = {
  means: 'of transactions that were being flushed when a node ended, the first ones are found on disk',
  unit: 'probability for each',
  strengthMax: 1,
  probability: 0.5,
  world: (keptUnflushedProbability) => ({ disk: { keptUnflushedProbability } }),
};

export const slowDisk: Fault = {
  means: 'flushes take long',
  unit: 'ms',
  strengthMax: 12,
  probability: 0.4,
  world: (ms) => ({ disk: { flushMsMin: 0.2, flushMsMax: 1 + ms } }),
};
