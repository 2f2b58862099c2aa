import { withCounter } from '../../../machines/eventual/vector-clock.ts';
import type { ServerDisk } from '../protocols/eventual/server-disk.ts';
import { nameOf, type Write } from '../protocols/eventual/write-history.ts';
import { Violation } from '../violation.ts';

const NAME = 'tombstones wait for all';

/** A server forgets a tombstone, and nothing else, when all other members have it on disk, with all that it follows. */
export function checkCollected(node: string, gone: Write, others: ReadonlyMap<string, ServerDisk>): void {
  if (!gone.isTombstone) throw new Violation(NAME, `${node} forgets ${nameOf(gone)}, which is none`);
  const order = withCounter(gone.order, gone.origin, gone.counter);
  for (const [member, { ever }] of others) {
    if (ever.covers(order)) continue;
    throw new Violation(NAME, `${node} forgets ${nameOf(gone)}, and ${member} lacks it, or what it follows`);
  }
}
