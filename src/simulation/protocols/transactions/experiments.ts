import type { Random } from '../../../../actors/random.ts';
import { FAULT_NAMES, type FaultName } from '../../faults/index.ts';

/** What both protocols for transactions stand: all but the loss of what nodes must remember. */
export const TRANSACTION_FAULTS: readonly FaultName[] = FAULT_NAMES.filter(
  (name) => !['amnesia', 'torn', 'rot', 'volatile', 'members'].includes(name),
);

/** Within this time of calm everything asked for is answered, and nothing is pending. */
export const RECOVERY_MS_MAX = 10_000;

/** Times so short that a storm of a second has room for what follows from them; in half of all systems, small bounds. */
export function drawnSettings(random: Random): Record<string, unknown> {
  const times = {
    voteTimeoutMs: random.integer(40, 400),
    decisionTimeoutMs: random.integer(10, 250),
    retryMs: random.integer(10, 120),
    retryMsMax: random.integer(20, 500),
    learnerTimeoutMs: random.integer(200, 600),
    tidyMs: random.integer(1, 60),
    writeBehindMs: random.integer(1, 100),
  };
  const bounds = {
    groupsInFlightMax: random.integer(1, 4),
    groupTransactionsMax: random.integer(1, 8),
    groupsOpenMax: random.integer(2, 32),
    readsMax: random.integer(2, 64),
    pageBytesMax: random.integer(50, 500),
  };
  return {
    ...times,
    groupCommit: random.next() < 0.7,
    readOnlyVotes: random.next() < 0.5,
    ...(random.next() < 0.5 ? bounds : {}),
  };
}
