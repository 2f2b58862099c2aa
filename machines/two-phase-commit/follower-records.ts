import { pack, unpack } from '../../actors/codec.ts';
import { SynodError } from '../../actors/errors.ts';
import type { JournalKey, JournalView, JournalWrite } from '../../actors/journal.ts';
import type { Memory } from '../../actors/memory.ts';
import type { TransactionId } from './transaction-id.ts';

const MEMBERSHIP: JournalKey = ['membership'];

/**
 * Whether a node is a follower.
 *
 * - `outside`: it is new, or has lost its memory; it holds nothing that can be relied on.
 * - `joining`: it has all on disk, and may be a follower: the leader knows.
 * - `member`: it is, and votes on what has an id from `first` on.
 */
export interface Membership {
  readonly state: 'outside' | 'joining' | 'member';
  /** Of the attempt to join, and of the first group that it may vote on. */
  readonly attempt: TransactionId;
  readonly first: TransactionId;
}

export const OUTSIDE: Membership = { state: 'outside', attempt: 0, first: 0 };
/** The followers that a cluster is founded with. */
export const FOUNDER: Membership = { state: 'member', attempt: 0, first: 0 };

const STATES = ['outside', 'joining', 'member'] as const;

export function membershipRecord({ state, attempt, first }: Membership): JournalWrite {
  return { key: MEMBERSHIP, value: pack([state, attempt, first]) };
}

/** What the journal says; of a founder that is in its first life, or never was anything else, it says nothing. */
export function loadMembership(journal: JournalView, memory: Memory, isFounder: boolean): Membership {
  if (memory === 'lost') return OUTSIDE;
  const record = journal.get(MEMBERSHIP);
  if (record === undefined) return isFounder ? FOUNDER : OUTSIDE;
  const parts = unpack(record);
  const [state, attempt, first] = Array.isArray(parts) ? (parts as unknown[]) : [];
  const known = STATES.find((each) => each === state);
  if (known === undefined || !Number.isSafeInteger(attempt) || !Number.isSafeInteger(first)) {
    throw new SynodError(
      'SYNOD_CORRUPT_RECORD',
      "a follower's journal: the record of its membership is nothing that this version writes. Put the node's folder " +
        'back from a copy',
    );
  }
  return { state: known, attempt: attempt as number, first: first as number };
}
