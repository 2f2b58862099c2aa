import { paxos } from '../../../src/simulation/protocols/paxos/paxos.ts';
import type { SimulatedProtocol } from '../../../src/simulation/system.ts';
import { plantedBug } from './planted-bugs.ts';

/** Multi-Paxos whose scouts do not look at what was accepted: for those who want to see a violation. */
export const protocol: SimulatedProtocol = {
  ...paxos,
  name: 'faulty-paxos',
  create: (options) =>
    paxos.create({
      ...options,
      instruments: [plantedBug('a scout does not look at what was accepted')],
    }),
};
