import { type Batch, bytesOf } from '../replication/batch.ts';
import type { Configuration } from './configuration.ts';

/** Where an entry stands, and the term that it was created in: two logs that share one share all before it. */
export interface Position {
  readonly index: number;
  readonly term: number;
}

/** An entry of the log: commands, or nothing, or the configuration from this entry on. */
export interface Entry {
  readonly term: number;
  readonly batch: Batch;
  readonly configuration?: Configuration;
}

/** A server's log (thesis, section 3.5), without what the state on disk already holds (chapter 5). Changed in place. */
export interface Log {
  /** The last entry that is no longer here. */
  base: Position;
  /** The entries after it. */
  readonly entries: Entry[];
  bytes: number;
  /** The configuration at the base, and those that entries brought, the latest last: it is in force, committed or not (section 4.1). */
  readonly configurations: { readonly index: number; readonly configuration: Configuration }[];
}

/** Why entries do not fit: the follower's term at the place before them, and its first entry of that term. */
export type Conflict = Position;

/** In a {@link Conflict}: the follower's log ends before. */
export const NO_TERM = 0;

/** A log that goes on after a base. */
export function logAfter(base: Position, configuration: Configuration): Log {
  return { base, entries: [], bytes: 0, configurations: [{ index: base.index, configuration }] };
}

export function lastIndex(log: Log): number {
  return log.base.index + log.entries.length;
}

export function lastPosition(log: Log): Position {
  return { index: lastIndex(log), term: log.entries.at(-1)?.term ?? log.base.term };
}

/** The configuration in force. */
export function configurationOf(log: Log): Configuration {
  return log.configurations.at(-1)!.configuration;
}

/** Where the configuration in force stands. */
export function configurationIndex(log: Log): number {
  return log.configurations.at(-1)!.index;
}

/** The configuration as of an index that is not before the base. */
export function configurationAt(log: Log, index: number): Configuration {
  return log.configurations.findLast((known) => known.index <= index)!.configuration;
}

/** Undefined beyond the end, and before the base. */
export function termAt(log: Log, index: number): number | undefined {
  return index === log.base.index ? log.base.term : log.entries[index - log.base.index - 1]?.term;
}

/** Whether a log that ends there has all that one ending at `other` may have committed (section 3.6.1). */
export function isUpToDate(last: Position, other: Position): boolean {
  return last.term > other.term || (last.term === other.term && last.index >= other.index);
}

/** Adds an entry at the end and gives its index. */
export function append(log: Log, entry: Entry): number {
  log.entries.push(entry);
  log.bytes += bytesOf(entry.batch);
  const index = lastIndex(log);
  if (entry.configuration !== undefined) {
    log.configurations.push({ index, configuration: entry.configuration });
  }
  return index;
}

/** Drops the entries from `index` on; the configuration before them is in force again. */
export function truncate(log: Log, index: number): void {
  for (const { batch } of log.entries.splice(index - log.base.index - 1)) log.bytes -= bytesOf(batch);
  while (configurationIndex(log) >= index) log.configurations.pop();
}

/** Drops the entries up to `index`, which is in the log, and gives them. */
export function compact(log: Log, index: number): Entry[] {
  const term = termAt(log, index);
  if (term === undefined) throw new Error(`the log has no entry ${index} to be compacted to`);
  const configuration = configurationAt(log, index);
  const dropped = log.entries.splice(0, index - log.base.index);
  for (const { batch } of dropped) log.bytes -= bytesOf(batch);
  log.base = { index, term };
  const later = log.configurations.filter((known) => known.index > index);
  log.configurations.splice(0, log.configurations.length, { index, configuration }, ...later);
  return dropped;
}

/** Why entries cannot follow `previous`; undefined when they can (section 3.5, fast backtracking). */
export function conflictAt(log: Log, previous: Position): Conflict | undefined {
  // What stands before the base is committed, and so the same everywhere.
  if (previous.index < log.base.index) return undefined;
  const term = termAt(log, previous.index);
  if (term === previous.term) return undefined;
  if (term === undefined) return { index: lastIndex(log) + 1, term: NO_TERM };
  let index = previous.index;
  while (index - 1 > log.base.index && termAt(log, index - 1) === term) index -= 1;
  return { index, term };
}

/** The next entry to send to a follower whose log conflicts: after the last one that both may have of that term. */
export function nextAfterConflict(log: Log, { index, term }: Conflict): number {
  if (term === NO_TERM) return index;
  for (let at = lastIndex(log); at >= log.base.index; at--) {
    const termHere = termAt(log, at)!;
    if (termHere === term) return at + 1;
    if (termHere < term) break;
  }
  return index;
}

/** Consecutive entries from `first` to at most `last`, of about `bytesMax` bytes, or one that is larger. */
export function entriesFrom(log: Log, first: number, last: number, bytesMax: number): Entry[] {
  const entries: Entry[] = [];
  let bytes = 0;
  for (let index = first; index <= last; index++) {
    const entry = log.entries[index - log.base.index - 1]!;
    bytes += bytesOf(entry.batch);
    if (entries.length > 0 && bytes > bytesMax) break;
    entries.push(entry);
  }
  return entries;
}
