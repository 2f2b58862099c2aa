import { FAULT_NAMES, type FaultName, type Strengths } from '../../faults/index.ts';

/** What a replicated log stands, whichever protocol it is of. */
export const LOG_FAULTS: readonly FaultName[] = FAULT_NAMES.filter((name) => name !== 'members');

/** Within this time of calm everything asked for is answered, and all replicas are equal. */
export const RECOVERY_MS_MAX = 10_000;

/** One that forgets needs others that remember. */
export function sizesOfLogs({ amnesia, volatile, members }: Strengths): readonly number[] {
  if (amnesia !== undefined || volatile !== undefined) return [3, 3, 3, 4, 5];
  return members === undefined ? [1, 3, 3, 3, 5] : [1, 2, 3, 3, 5];
}
