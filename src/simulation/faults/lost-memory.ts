import type { Fault } from './fault.ts';

const OFTEN = 'how often, against other faults';

export const amnesia: Fault = {
  means: 'a node loses its files; never a majority at once',
  unit: OFTEN,
  strengthMax: 2,
  probability: 0.15,
  strikes: (often) => [[often, (storm) => storm.forget(storm.someNode())]],
};

export const torn: Fault = {
  means:
    'a node ends, and a transaction that it was writing is found half there, damaged; never on a majority',
  unit: OFTEN,
  strengthMax: 2,
  probability: 0.15,
  strikes: (often) => [[often, (storm) => storm.tear(storm.someNode())]],
};

export const rot: Fault = {
  means: 'a record of a journal or a store rots, whether its node runs or not; never on a majority',
  unit: OFTEN,
  strengthMax: 2,
  probability: 0.15,
  strikes: (often) => [[often, async (storm) => storm.rot(storm.someNode())]],
};

export const volatile: Fault = {
  means: 'nodes keep all in memory, and forget it when they end; never a majority at once',
  unit: 'on or off',
  strengthMax: 1,
  probability: 0.1,
  world: () => ({ journal: 'memory' }),
};
