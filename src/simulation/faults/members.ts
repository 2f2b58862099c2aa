import type { Fault } from './fault.ts';

export const members: Fault = {
  means:
    'members are added, removed and replaced, and leaders told to make way; some that are removed run on',
  unit: 'how often those are struck, against other faults',
  strengthMax: 1,
  probability: 0.3,
};
