import type { Fault } from './fault.ts';

export const amnesia: Fault = {
  means: 'a node loses what is on its disks, or a record of its journal rots; never a majority at once',
  unit: 'how often, against other faults',
  strengthMax: 3,
  probability: 0.15,
  strikes: (often) => [[often, async (storm) => storm.forget(storm.someNode())]],
};

export const volatile: Fault = {
  means: 'nodes keep all in memory, and forget it when they end; never a majority at once',
  unit: 'on or off',
  strengthMax: 1,
  probability: 0.1,
  world: () => ({ journal: 'memory' }),
};
