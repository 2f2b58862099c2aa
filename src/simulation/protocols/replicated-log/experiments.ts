import type { Random } from '../../../../actors/random.ts';
import { FAULT_NAMES, type FaultName, type Strengths } from '../../faults/index.ts';

/** What a replicated log stands, whichever protocol it is of. */
export const LOG_FAULTS: readonly FaultName[] = FAULT_NAMES.filter((name) => name !== 'members');

/** Within this time of calm everything asked for is answered, and all replicas are equal. */
export const RECOVERY_MS_MAX = 10_000;

const FORGETTING = ['amnesia', 'torn', 'rot', 'volatile'] as const;

/** Whether nodes may lose what they must remember. */
export function canForget(faults: Strengths): boolean {
  return FORGETTING.some((name) => faults[name] !== undefined);
}

/** One that forgets needs others that remember. */
export function sizesOfLogs({ members, ...faults }: Strengths): readonly number[] {
  if (canForget(faults)) return [3, 3, 3, 4, 5];
  return members === undefined ? [1, 3, 3, 3, 5] : [1, 2, 3, 3, 5];
}

/** In half of all systems replicas write behind at another pace, most of them so late that much is lost in a crash. */
export function drawnWriteBehind(random: Random): { readonly writeBehindMs?: number } {
  const writeBehindMs = random.integer(5, 400);
  return random.next() < 0.5 ? { writeBehindMs } : {};
}
