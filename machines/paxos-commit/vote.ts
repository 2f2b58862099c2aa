import { pack, unpack } from '../../actors/codec.ts';
import { SynodError } from '../../actors/errors.ts';
import type { Slot } from '../paxos/pvalue.ts';
import type { Batch } from '../replication/batch.ts';
import type { Refusals } from '../two-phase-commit/messages.ts';
import type { TransactionId } from '../two-phase-commit/transaction-id.ts';

/**
 * What a consensus instance decides: how one participant has voted on a group. It says enough of the group for any leader
 * to bring it to its end: who else votes, and in which slots.
 */
export interface Vote {
  readonly group: TransactionId;
  readonly count: number;
  readonly participants: readonly string[];
  /** The slot of the first participant; the others have those that follow. */
  readonly firstSlot: Slot;
  /** Whose transactions they are, as `packOrigins` gives it. */
  readonly origins: Uint8Array;
  /** Those that it votes against. */
  readonly refused: Refusals;
}

/** A vote as acceptors keep it. The same vote gives the same bytes. */
export function encodeVote({ group, count, participants, firstSlot, origins, refused }: Vote): Batch {
  return [pack([group, count, participants, firstSlot, origins, refused])];
}

/**
 * The vote that a slot has; undefined for a no-op: nobody has voted there, and nobody will.
 * @throws SynodError `SYNOD_CORRUPT_RECORD`.
 */
export function decodeVote([bytes]: Batch): Vote | undefined {
  if (bytes === undefined) return undefined;
  const parts = unpack(bytes);
  if (!isVote(parts)) {
    throw new SynodError(
      'SYNOD_CORRUPT_RECORD',
      "an acceptor's journal holds a vote that no participant cast; put the node's folder back from a copy",
    );
  }
  const [group, count, participants, firstSlot, origins, refused] = parts;
  return { group, count, participants, firstSlot, origins, refused };
}

type VoteParts = [TransactionId, number, string[], Slot, Uint8Array, Refusals];

function isVote(parts: unknown): parts is VoteParts {
  if (!Array.isArray(parts) || parts.length !== 6) return false;
  const [group, count, participants, firstSlot, origins, refused] = parts as unknown[];
  return (
    [group, count, firstSlot].every(Number.isSafeInteger) &&
    Array.isArray(participants) &&
    participants.every((node) => typeof node === 'string') &&
    origins instanceof Uint8Array &&
    Array.isArray(refused) &&
    refused.every((refusal) => Array.isArray(refusal) && Number.isSafeInteger(refusal[0]))
  );
}
