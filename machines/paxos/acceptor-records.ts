import { pack, unpack } from '../../actors/codec.ts';
import { SynodError } from '../../actors/errors.ts';
import type { JournalKey, JournalView, JournalWrite } from '../../actors/journal.ts';
import { bytesOf } from '../replication/batch.ts';
import { type Ballot, compareBallots, LOWEST_BALLOT } from './ballot.ts';
import type { Pvalue, Slot } from './pvalue.ts';

/** What an acceptor has on disk: its promise, its pvalues, and the slot below which they are gone. */
export interface AcceptorRecords {
  readonly ballot: Ballot;
  readonly accepted: readonly Pvalue[];
  readonly floor: Slot;
  /** How often it has begun anew without its memory, and the others, as far as it knows. */
  readonly life: number;
  readonly lives: ReadonlyMap<string, number>;
  /** It had lost its memory, and has not recovered. */
  readonly isForgetful: boolean;
}

/**
 * Slots that an acceptor keeps at most: accepted, and not yet applied durably by a majority. Their records stand
 * in a ring, for LMDB is quickest with keys that it has seen; part of what is on disk, so it never changes.
 */
export const ACCEPTED_SLOTS_MAX = 16_384;

/** Records up to this size, which share LMDB's pages, stay on disk, once forgotten, until another slot takes their place in the ring. */
export const REUSED_BYTES_MAX = 2 * 1024;

const BALLOT: JournalKey = ['acceptor', 'ballot'];
const FLOOR: JournalKey = ['acceptor', 'floor'];
const LIVES: JournalKey = ['acceptor', 'lives'];
const ACCEPTED = 'accepted';

/** The promise of a ballot. */
export function promiseRecord(ballot: Ballot): JournalWrite {
  return { key: BALLOT, value: pack([ballot.round, ballot.leader]) };
}

/** In which life it is, and the others; undefined: it has yet to begin one. */
export function livesRecord(life: number | undefined, lives: ReadonlyMap<string, number>): JournalWrite {
  return { key: LIVES, value: pack([life ?? null, ...lives]) };
}

/** An accepted pvalue. */
export function acceptedRecord({ ballot, slot, batch }: Pvalue): JournalWrite {
  return { key: ringKey(slot), value: pack([slot, ballot.round, ballot.leader, ...batch]) };
}

/**
 * The new floor, written before any slot takes the ring's place of one below it; and the deletion of the large
 * ones among those that it sets free, so that the ring stays bounded by bytes too.
 */
export function floorRecords(floor: Slot, forgotten: Iterable<Pvalue>): JournalWrite[] {
  const writes: JournalWrite[] = [{ key: FLOOR, value: pack(floor) }];
  for (const { slot, batch } of forgotten) {
    if (bytesOf(batch) > REUSED_BYTES_MAX) writes.push({ key: ringKey(slot), value: undefined });
  }
  return writes;
}

/** Reads back what an acceptor wrote. @throws SynodError `SYNOD_CORRUPT_RECORD` for a record that no acceptor wrote. */
export function loadAcceptorRecords(journal: JournalView): AcceptorRecords {
  const ballotRecord = journal.get(BALLOT);
  const floorRecord = journal.get(FLOOR);
  const floor = floorRecord === undefined ? 1 : toWhole(unpack(floorRecord));
  const accepted: Pvalue[] = [];
  for (const [, record] of journal.range([ACCEPTED])) {
    const pvalue = toPvalue(unpack(record));
    if (pvalue.slot >= floor) accepted.push(pvalue);
  }
  accepted.sort((a, b) => a.slot - b.slot);
  const promised = ballotRecord === undefined ? LOWEST_BALLOT : toBallot(unpack(ballotRecord));
  for (const { ballot } of accepted) {
    if (compareBallots(ballot, promised) > 0) throw corrupt('a pvalue above the promise');
  }
  return { ballot: promised, accepted, floor, ...loadLives(journal) };
}

function loadLives(journal: JournalView): Pick<AcceptorRecords, 'life' | 'lives' | 'isForgetful'> {
  const record = journal.get(LIVES);
  const value = record === undefined ? [0] : unpack(record);
  if (!Array.isArray(value)) throw corrupt('lives that are no list');
  const [life, ...lives] = value as unknown[];
  return {
    life: life === null ? 0 : toWhole(life),
    lives: new Map(lives.map(toLife)),
    isForgetful: life === null,
  };
}

function toLife(value: unknown): [node: string, life: number] {
  if (!Array.isArray(value) || typeof value[0] !== 'string') throw corrupt('a life of nobody');
  return [value[0], toWhole(value[1])];
}

function ringKey(slot: Slot): JournalKey {
  return [ACCEPTED, slot % ACCEPTED_SLOTS_MAX];
}

function toPvalue(value: unknown): Pvalue {
  if (!Array.isArray(value)) throw corrupt('a pvalue that is no list');
  const [slot, round, leader, ...batch] = value as unknown[];
  if (!batch.every((chunk): chunk is Uint8Array => chunk instanceof Uint8Array)) throw corrupt('a batch');
  return { slot: toWhole(slot), ballot: toBallot([round, leader]), batch };
}

function toBallot(value: unknown): Ballot {
  if (!Array.isArray(value) || typeof value[1] !== 'string') throw corrupt('a ballot');
  return { round: toWhole(value[0]), leader: value[1] };
}

function toWhole(value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw corrupt('a number');
  return value as number;
}

function corrupt(what: string): SynodError {
  return new SynodError(
    'SYNOD_CORRUPT_RECORD',
    `the acceptor's journal holds ${what} that no acceptor wrote; put the node's folder back from a copy`,
  );
}
