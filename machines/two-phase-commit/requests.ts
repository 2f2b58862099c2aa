import type { LockOwner } from './locks.ts';
import type { Session } from './sessions.ts';
import type { Transaction } from './transaction.ts';

/** A transaction at the leader: whose it is, and the keys that it needs. */
export interface RequestedTransaction extends LockOwner {
  readonly session: Session;
  readonly number: number;
  /** As the client packed it. */
  bytes: Uint8Array;
  readonly shared: readonly string[];
  readonly exclusive: readonly string[];
  /** It writes, though what is not known here: another leader has admitted it. */
  readonly writes?: boolean;
}

/** A key that is written is locked as such, whatever else is done with it. */
export function keysOf({ reads, conditions, writes }: Transaction): {
  readonly shared: string[];
  readonly exclusive: string[];
} {
  const exclusive = writes.map(([key]) => key);
  if (reads.length === 0 && conditions.length === 0) return { shared: [], exclusive };
  const written = new Set(exclusive);
  const read = new Set<string>();
  for (const [key] of reads) if (!written.has(key)) read.add(key);
  for (const [key] of conditions) if (!written.has(key)) read.add(key);
  return { shared: [...read], exclusive };
}
