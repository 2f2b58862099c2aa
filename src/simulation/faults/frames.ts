import type { NetworkSettings } from '../../../actors/simulated/index.ts';
import type { Fault } from './fault.ts';

/** Now and then the network changes one of its ways, from not at all to as bad as this. */
function weather(
  means: string,
  unit: string,
  strengthMax: number,
  changes: (strength: number) => Partial<NetworkSettings>,
): Fault {
  return {
    means,
    unit,
    strengthMax,
    probability: 0.6,
    strikes: (strength) => [
      [
        0.5,
        async ({ host, random }) => {
          host.changeNetwork(changes(random.next() < 0.5 ? 0 : random.next() * strength));
        },
      ],
    ],
  };
}

const PROBABILITY = 'probability for each frame';

export const loss = weather('frames between nodes are lost', PROBABILITY, 0.2, (lossProbability) => ({
  lossProbability,
}));

export const clientLoss = weather(
  'frames between clients and nodes are lost',
  PROBABILITY,
  0.2,
  (clientLossProbability) => ({ clientLossProbability }),
);

export const delay = weather('frames take longer', 'ms', 10, (delayMs) => ({ latencyMsMax: 0.5 + delayMs }));

export const duplication = weather('frames arrive twice', PROBABILITY, 0.2, (duplicateProbability) => ({
  duplicateProbability,
}));

export const reordering = weather(
  'frames are held up, and later ones overtake them',
  PROBABILITY,
  0.3,
  (reorderProbability) => ({ reorderProbability }),
);
