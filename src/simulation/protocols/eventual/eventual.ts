import { FAULT_NAMES } from '../../faults/index.ts';
import type { SimulatedProtocol } from '../../system.ts';
import { sizesOfStores } from './eventual-experiments.ts';
import { EventualSystem } from './eventual-system.ts';

/** Within this time of calm all that was put is everywhere, and all links are known. */
const RECOVERY_MS_MAX = 10_000;

/** The eventually consistent store, for experiments. */
export const eventual: SimulatedProtocol = {
  name: 'eventual',
  faults: FAULT_NAMES,
  steps: [
    'entries',
    'receipt',
    'probe',
    'syncRequest',
    'syncNext',
    'syncPiece',
    'linkStates',
    'forward',
    'seen',
    'written',
  ],
  recoveryMsMax: RECOVERY_MS_MAX,
  sizes: sizesOfStores,
  create: (options) => new EventualSystem(options),
};
