import { pack, unpack } from '../../actors/codec.ts';
import { SynodError } from '../../actors/errors.ts';
import type { JournalKey, JournalView, JournalWrite } from '../../actors/journal.ts';
import { bytesOf } from '../replication/batch.ts';
import { type Configuration, foundedBy } from './configuration.ts';
import { append, type Entry, type Log, logAfter, type Position, termAt } from './log.ts';
import type { Member } from './member.ts';

/** What a server has on disk (thesis, figure 3.1: persistent state). */
export interface ServerRecords {
  /** As which member the server knew itself; undefined: by the node's name. */
  readonly member: Member | undefined;
  /** It had lost its memory, and has not been taken in again. */
  readonly isForgetful: boolean;
  readonly term: number;
  readonly votedFor: string | undefined;
  readonly log: Log;
  /** What must be written before all else: the state on disk was ahead of the log. */
  readonly repairs: readonly JournalWrite[];
}

/** What the replicated state keeps of the index that it stands for: a snapshot's last term and configuration (figure 5.3). */
export interface Anchor {
  readonly term: number;
  readonly configuration: Configuration;
}

/**
 * Entries that a log holds at most. Their records stand in a ring, for LMDB is quickest with keys that it has seen;
 * part of what is on disk, so it never changes.
 */
export const LOG_ENTRIES_MAX = 16_384;

/** Records up to this size, which share LMDB's pages, stay on disk, once compacted, until another entry takes their place in the ring. */
const REUSED_BYTES_MAX = 2 * 1024;

const VOTE: JournalKey = ['raft', 'vote'];
const MEMBER: JournalKey = ['raft', 'member'];
const BASE: JournalKey = ['raft', 'base'];
const ENTRY = 'entry';

/** The current term, and the vote in it. */
export function voteRecord(term: number, votedFor: string | undefined): JournalWrite {
  return { key: VOTE, value: pack([term, votedFor ?? null]) };
}

/** Which member the server is, since it has lost a memory; undefined: none yet. */
export function memberRecord(member: Member | undefined): JournalWrite {
  return { key: MEMBER, value: pack(member ?? null) };
}

export function entryRecord(index: number, { term, batch, configuration }: Entry): JournalWrite {
  return { key: ringKey(index), value: pack([index, term, configuration ?? null, ...batch]) };
}

/** Entries that another leader's will take the place of. */
export function truncationRecords(first: number, last: number): JournalWrite[] {
  const writes: JournalWrite[] = [];
  for (let index = first; index <= last; index++) writes.push({ key: ringKey(index), value: undefined });
  return writes;
}

/**
 * The new base, written before any entry takes the ring's place of one that it stands for; and the deletion of the
 * large ones among these, so that the ring stays bounded by bytes too.
 */
export function baseRecords(
  { index, term }: Position,
  configuration: Configuration,
  compacted: readonly Entry[] = [],
): JournalWrite[] {
  const writes: JournalWrite[] = [{ key: BASE, value: pack([index, term, configuration]) }];
  const first = index + 1 - compacted.length;
  compacted.forEach(({ batch }, place) => {
    if (bytesOf(batch) > REUSED_BYTES_MAX) writes.push({ key: ringKey(first + place), value: undefined });
  });
  return writes;
}

/** A new log, after a snapshot that nothing in the old one goes on from. */
export function resetRecords(base: Position, configuration: Configuration): JournalWrite[] {
  return [{ clear: [ENTRY] }, ...baseRecords(base, configuration)];
}

/**
 * Reads back what a server wrote; `founders` are the voters before any entry says otherwise. Where the replicated
 * state is ahead of the log, a snapshot was put in force just before the end: its anchor is the new base.
 * @throws SynodError `SYNOD_CORRUPT_RECORD` for what no server wrote.
 */
export function loadServerRecords(
  journal: JournalView,
  state: { readonly applied: number; readonly anchor: unknown },
  founders: readonly string[],
): ServerRecords {
  const voteRecord = journal.get(VOTE);
  const [term, votedFor] = voteRecord === undefined ? [0, null] : listIn(unpack(voteRecord));
  if (votedFor !== null && typeof votedFor !== 'string') throw corrupt('a vote for nobody');
  const memberRecord = journal.get(MEMBER);
  const named = memberRecord === undefined ? undefined : unpack(memberRecord);
  const member = named === undefined || named === null ? undefined : toName(named);
  const voted = { member, isForgetful: named === null, term: toWhole(term), votedFor: votedFor ?? undefined };
  const log = loadLog(journal, founders);
  if (state.applied <= log.base.index) return { ...voted, log, repairs: [] };
  const anchor = toAnchor(state.anchor);
  if (termAt(log, state.applied) === anchor.term) return { ...voted, log, repairs: [] };
  const base = { index: state.applied, term: anchor.term };
  return {
    ...voted,
    log: logAfter(base, anchor.configuration),
    repairs: resetRecords(base, anchor.configuration),
  };
}

/** What a replica gave the replicated state. @throws SynodError `SYNOD_CORRUPT_RECORD`. */
export function toAnchor(value: unknown): Anchor {
  if (typeof value !== 'object' || value === null) throw corrupt('an anchor that is none');
  const { term, configuration } = value as Partial<Record<keyof Anchor, unknown>>;
  return { term: toWhole(term), configuration: toConfiguration(configuration) };
}

function loadLog(journal: JournalView, founders: readonly string[]): Log {
  const baseRecord = journal.get(BASE);
  const [index, term, configuration] =
    baseRecord === undefined ? [0, 0, foundedBy(founders)] : listIn(unpack(baseRecord));
  const log = logAfter({ index: toWhole(index), term: toWhole(term) }, toConfiguration(configuration));
  const stored: { readonly index: number; readonly entry: Entry }[] = [];
  for (const [, record] of journal.range([ENTRY])) {
    const read = toEntry(unpack(record));
    if (read.index > log.base.index) stored.push(read);
  }
  stored.sort((a, b) => a.index - b.index);
  for (const { index: at, entry } of stored) {
    if (at !== log.base.index + log.entries.length + 1) throw corrupt(`an entry ${at} after a gap`);
    append(log, entry);
  }
  return log;
}

function ringKey(index: number): JournalKey {
  return [ENTRY, index % LOG_ENTRIES_MAX];
}

function toEntry(value: unknown): { index: number; entry: Entry } {
  const [index, term, configuration, ...batch] = listIn(value);
  if (!batch.every((chunk): chunk is Uint8Array => chunk instanceof Uint8Array)) throw corrupt('a batch');
  const entry: Entry = { term: toWhole(term), batch };
  return {
    index: toWhole(index),
    entry: configuration === null ? entry : { ...entry, configuration: toConfiguration(configuration) },
  };
}

function toConfiguration(value: unknown): Configuration {
  if (typeof value !== 'object' || value === null) throw corrupt('a configuration that is none');
  const { voters, nextVoters, learners } = value as Partial<Record<keyof Configuration, unknown>>;
  return { voters: toNames(voters), nextVoters: toNames(nextVoters), learners: toNames(learners) };
}

function toNames(value: unknown): string[] {
  const isName = (name: unknown): name is string => typeof name === 'string';
  if (Array.isArray(value) && value.every(isName)) return value;
  throw corrupt('names that are none');
}

function toName(value: unknown): string {
  if (typeof value !== 'string') throw corrupt('a name that is none');
  return value;
}

function listIn(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw corrupt('something that is no list');
  return value;
}

function toWhole(value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw corrupt('a number that is none');
  return value as number;
}

function corrupt(what: string): SynodError {
  return new SynodError(
    'SYNOD_CORRUPT_RECORD',
    `the server's journal holds ${what}, which no server wrote; put the node's folder back from a copy`,
  );
}
