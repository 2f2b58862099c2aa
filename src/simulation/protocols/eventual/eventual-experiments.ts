import type { Random } from '../../../../actors/random.ts';
import type { EventualSettings } from '../../../../machines/eventual/settings.ts';
import type { Strengths } from '../../faults/index.ts';

const FORGETTING = ['amnesia', 'torn', 'rot', 'volatile'] as const;
/** Longer than any experiment. */
const FOR_EVER_MS = 600_000;

/** Whether servers may lose what they must remember. */
export function canForget(faults: Strengths): boolean {
  return FORGETTING.some((name) => faults[name] !== undefined);
}

/** One that forgets needs others that remember. */
export function sizesOfStores(faults: Strengths): readonly number[] {
  return canForget(faults) ? [3, 3, 3, 4, 5] : [1, 2, 3, 3, 4, 5];
}

/** Bounds and times; in half of all systems so small that short runs meet them. */
export function drawnSettings(random: Random, faults: Strengths): Partial<EventualSettings> {
  const isSmall = random.next() < 0.5;
  const pace = { writeBehindMs: random.integer(2, 300), exchangeMs: random.integer(1, 40) };
  return {
    ...(isSmall
      ? {
          pieceBytesMax: random.integer(50, 1000),
          writeLogBytesMax: random.next() < 0.5 ? 400 : 100_000,
          sendBytes: random.integer(1, 1000),
          collectMs: 30,
          attachmentsMax: random.next() < 0.2 ? 2 : 64,
        }
      : {}),
    ...(random.next() < 0.5 ? pace : {}),
    // How long a sender waits for one that is gone: not longer than it is looked at what is left in peace.
    syncIdleMs: 500,
    // A server without a memory that hears of nobody is promised no more than that it takes writes.
    ...(faults.members !== undefined || canForget(faults) ? { learnMs: FOR_EVER_MS } : {}),
  };
}
