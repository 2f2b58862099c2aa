import { pack, unpack } from '../../actors/codec.ts';
import { SynodError } from '../../actors/errors.ts';
import type { JournalKey, JournalView, JournalWrite } from '../../actors/journal.ts';
import type { RecordKind } from './client-messages.ts';
import { formatId, type TransactionId } from './transaction-id.ts';

/** What a journal says of a group. */
export interface JournalRecord {
  readonly group: TransactionId;
  /**
   * The leader: BEGIN, it may have asked for votes; COMMIT, ABORT, it has decided. A follower: READY, it has voted yes;
   * COMMIT, ABORT, it knows the decision, or will never vote yes.
   */
  readonly kind: RecordKind;
  /** How many transactions the group has; 0 where that was never known. */
  readonly count: number;
  readonly participants: readonly string[];
  /** Places of those that do not commit, or are voted against; none for ABORT. */
  readonly refused: readonly number[];
  /** READY alone: the transactions, to be done again (redo). To undo there is nothing, for a store holds what is committed. */
  readonly transactions: Uint8Array;
}

const NOTHING = new Uint8Array(0);
const GROUP = 'group';
/** That there is something in the store: where it is gone, it was lost. */
const STORED: JournalKey = ['stored'];
/** The mark below which records are gone. */
const MARK: JournalKey = ['mark'];
const KINDS: readonly RecordKind[] = ['BEGIN', 'READY', 'COMMIT', 'ABORT'];

/** The two places of a group's records: what opens it, and what decides it. */
const OPENING = 0;
const DECISION = 1;

/**
 * The records of a node, leader or follower, one LMDB record each. What a method gives must be persisted in the same
 * turn; what is done lazily goes with the next of these, or when {@link takeLazy} is called: nobody waits for it.
 *
 * A record is there as a whole or not at all, for LMDB's transactions are: one that was not completely written when the
 * power went is not there, and nothing rested on it. One that was changed since is refused.
 */
export class GroupJournal {
  readonly #view: JournalView;
  readonly #owner: string;
  readonly #keys = new Map<TransactionId, number>();
  #size = 0;
  #mark: TransactionId;
  #hasStored: boolean;
  #lazy: JournalWrite[] = [];

  /** Finds what the last life has left. @throws SynodError `SYNOD_CORRUPT_RECORD`. */
  constructor(view: JournalView, owner: string) {
    this.#view = view;
    this.#owner = owner;
    const mark = view.get(MARK);
    this.#mark = mark === undefined ? 0 : this.#wholeIn(unpack(mark), 'the low-water mark');
    this.#hasStored = view.get(STORED) !== undefined;
    for (const { group, kind } of this.iterate()) this.#note(group, placeOf(kind));
  }

  /** Records that are on disk, or on their way there. */
  get size(): number {
    return this.#size;
  }

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  /** Groups below are gone from here. */
  get mark(): TransactionId {
    return this.#mark;
  }

  /** Something of what was removed from here is in the store. */
  get hasStored(): boolean {
    return this.#hasStored;
  }

  get hasLazy(): boolean {
    return this.#lazy.length > 0;
  }

  append(record: JournalRecord): JournalWrite[] {
    this.appendLazily(record);
    return this.takeLazy();
  }

  /** For records that spare nobody anything when they are lost. */
  appendLazily({ group, kind, count, participants, refused, transactions }: JournalRecord): void {
    this.#note(group, placeOf(kind));
    const value = pack([kind, count, participants, refused, transactions]);
    this.#lazy.push({ key: keyOf(group, placeOf(kind)), value });
  }

  /** Removes what is recorded of a group. */
  remove(group: TransactionId): JournalWrite[] {
    this.removeLazily(group);
    return this.takeLazy();
  }

  removeLazily(group: TransactionId): void {
    const places = this.#keys.get(group) ?? 0;
    for (const place of [OPENING, DECISION]) {
      if ((places & (1 << place)) === 0) continue;
      this.#size -= 1;
      this.#lazy.push({ key: keyOf(group, place), value: undefined });
    }
    this.#keys.delete(group);
  }

  /** Empties it: nothing that it said counts any more. */
  clear(): JournalWrite[] {
    this.#keys.clear();
    this.#size = 0;
    this.#lazy = [];
    return [{ clear: [GROUP] }];
  }

  /** Writes down that the store has something; before, or with, the removal of the first record for that reason. */
  noteStored(): void {
    if (this.#hasStored) return;
    this.#hasStored = true;
    this.#lazy.push({ key: STORED, value: pack(true) });
  }

  /** Writes down that groups below are gone; before, or with, the removal of the first that would be missed. */
  raiseMark(mark: TransactionId): void {
    if (mark <= this.#mark) return;
    this.#mark = mark;
    this.#lazy.push({ key: MARK, value: pack(mark) });
  }

  /** What was done lazily, to be persisted now. */
  takeLazy(): JournalWrite[] {
    const writes = this.#lazy;
    this.#lazy = [];
    return writes;
  }

  /** The records on disk in order of groups, from that one on. @throws SynodError `SYNOD_CORRUPT_RECORD`, CorruptRecordError. */
  *iterate(from: TransactionId = 0): IterableIterator<JournalRecord> {
    for (const [key, value] of this.#view.range([GROUP], [GROUP, from])) yield this.#recordOf(key, value);
  }

  #note(group: TransactionId, place: number): void {
    const places = this.#keys.get(group) ?? 0;
    if ((places & (1 << place)) === 0) this.#size += 1;
    this.#keys.set(group, places | (1 << place));
  }

  #recordOf([, group, place]: JournalKey, value: Uint8Array): JournalRecord {
    const id = this.#wholeIn(group, 'the id of a group');
    const what = `the record of group ${formatId(id)}`;
    let parts: unknown;
    try {
      parts = unpack(value);
    } catch (cause) {
      throw this.#corrupt(what, cause);
    }
    if (!Array.isArray(parts) || parts.length !== 5) throw this.#corrupt(what);
    const [kind, count, participants, refused, transactions] = parts as unknown[];
    if (
      !isKind(kind) ||
      placeOf(kind) !== place ||
      !isListOf(participants, (name): name is string => typeof name === 'string') ||
      !isListOf(refused, isWhole) ||
      !(transactions instanceof Uint8Array)
    ) {
      throw this.#corrupt(what);
    }
    return {
      group: id,
      kind,
      count: this.#wholeIn(count, what),
      participants,
      refused,
      // A view would keep what the record was read with.
      transactions: transactions.byteLength === 0 ? NOTHING : new Uint8Array(transactions),
    };
  }

  #wholeIn(value: unknown, what: string): number {
    if (!isWhole(value)) throw this.#corrupt(what);
    return value;
  }

  #corrupt(what: string, cause?: unknown): SynodError {
    return new SynodError(
      'SYNOD_CORRUPT_RECORD',
      `the journal of node ${this.#owner}: ${what} is nothing that this version writes. Nothing of it was used. ` +
        "Put the node's folder back from a copy",
      { cause },
    );
  }
}

/** A record without transactions. */
export function recordOf(
  kind: RecordKind,
  { id, count, participants }: { id: TransactionId; count: number; participants: readonly string[] },
  refused: readonly number[] = [],
): JournalRecord {
  return { group: id, kind, count, participants, refused, transactions: NOTHING };
}

function placeOf(kind: RecordKind): number {
  return kind === 'BEGIN' || kind === 'READY' ? OPENING : DECISION;
}

function keyOf(group: TransactionId, place: number): JournalKey {
  return [GROUP, group, place];
}

function isKind(value: unknown): value is RecordKind {
  return KINDS.some((kind) => kind === value);
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isListOf<Item>(value: unknown, isItem: (item: unknown) => item is Item): value is Item[] {
  return Array.isArray(value) && value.every(isItem);
}
