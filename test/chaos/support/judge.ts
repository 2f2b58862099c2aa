import type { Findings } from '../../../src/checks/index.ts';
import { Violation } from '../../../src/simulation/violation.ts';

/** How long a check of a history may take. */
export const LIMITS = { clock: performance, timeLimitMs: 20_000 };

/** @throws Violation with the drawing of what cannot be, or that it was not found out. */
export function assertOk(what: string, { verdict, violations, reason }: Findings): void {
  if (verdict === 'ok') return;
  throw new Violation(
    what,
    violations.map(({ drawing }) => `\n${drawing}`).join('\n') || `${verdict}: ${reason}`,
  );
}
