import type { TwoPhaseCommitSettings } from './settings.ts';

/** How long to wait after the `attempts`-th attempt, the first being 1: ever longer, for the other side may be down for long. */
export function retryAfterMs(
  attempts: number,
  { retryMs, retryMsMax }: Pick<TwoPhaseCommitSettings, 'retryMs' | 'retryMsMax'>,
): number {
  return Math.min(retryMs * 2 ** Math.min(Math.max(attempts - 1, 0), 30), retryMsMax);
}
