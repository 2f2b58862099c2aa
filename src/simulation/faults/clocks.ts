import type { Fault } from './fault.ts';

/** More nodes than any experiment has. */
const NODES_MAX = 64;

export const drift: Fault = {
  means: 'the clocks of nodes run fast or slow, each at a rate of its own',
  unit: 'how far from 1 a rate is',
  strengthMax: 0.1,
  probability: 0.4,
  world: (deviation, random) => ({
    clockRates: Object.fromEntries(
      Array.from({ length: NODES_MAX }, (_, node) => [node, 1 + (2 * random.next() - 1) * deviation]),
    ),
  }),
};
