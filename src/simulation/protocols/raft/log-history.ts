import { checksumOf } from '../../../../actors/simulated/seed.ts';
import {
  type Configuration,
  canDecide,
  foundedBy,
  isJoint,
} from '../../../../machines/raft/configuration.ts';
import type { Entry, Position } from '../../../../machines/raft/log.ts';
import type { Member } from '../../../../machines/raft/member.ts';
import { Violation } from '../../violation.ts';
import { identityOf, nodeOfDisk } from '../../watch/disk-watch.ts';
import type { ServerDiskListener } from './server-disks.ts';

interface KnownEntry extends Position {
  readonly batch: string;
  /** Of this entry and all before it. */
  readonly digest: number;
  /** Undefined for the first of all. */
  readonly before: KnownEntry | undefined;
  /** In force from this entry on. */
  readonly configuration: Configuration;
  /** The entry that brought it; undefined: it was there from the beginning. */
  readonly change: KnownEntry | undefined;
  /** Disks that had it while they were in its term. */
  readonly voters: Set<string>;
}

interface Commitment extends Position {
  /** The term in whose course it came to be committed. */
  readonly inTerm: number;
  readonly batch: string;
}

/** An entry that brings a configuration, and the one that was in force before it. */
export interface Change extends Position {
  readonly configuration: Configuration;
  readonly former: { readonly at: Position; readonly configuration: Configuration };
}

interface DiskLog {
  base: Position;
  readonly entries: Map<number, KnownEntry>;
}

/**
 * All entries that ever stood in a log on a disk, and what follows from where they stood. An entry is committed when
 * those who can decide, by the configuration in force there, have had it on disk in its own term, and so is all before it
 * (thesis, section 3.6.2).
 *
 * It checks log matching (figure 3.2): two logs that hold an entry of the same index and term are the same up to it.
 */
export class LogHistory implements ServerDiskListener {
  readonly #founded: Configuration;
  /** The disk of each member; of one that never lost any it bears its name. */
  readonly #disks = new Map<Member, string>();
  /** The disk that each node has now. */
  readonly #current = new Map<string, string>();
  readonly #known = new Map<string, KnownEntry>();
  readonly #logs = new Map<string, DiskLog>();
  readonly #terms = new Map<string, number>();
  readonly #committed: Commitment[] = [];
  readonly #onCommit: ((commitment: Commitment) => void)[] = [];
  readonly #onChange: ((change: Change) => void)[] = [];

  constructor(founders: readonly string[]) {
    this.#founded = foundedBy(founders);
  }

  /** The disk of a member. */
  diskOf(member: Member): string {
    return this.#disks.get(member) ?? member;
  }

  /** How many entries are committed. */
  get commits(): number {
    return this.#committed.length;
  }

  /** What is committed at an index. */
  committed(index: number): Commitment | undefined {
    return this.#committed[index - 1];
  }

  /** Calls `run` for every entry that comes to be committed, in their order. */
  onCommit(run: (commitment: Commitment) => void): void {
    this.#onCommit.push(run);
  }

  /** Calls `run` for every entry with a configuration, when it stands on a disk for the first time. */
  onChange(run: (change: Change) => void): void {
    this.#onChange.push(run);
  }

  isCommitted({ index, term }: Position): boolean {
    return index === 0 || this.committed(index)?.term === term;
  }

  /** Whether it lacks the vote of one node alone: its disk may be about to have it. */
  isNearlyCommitted(node: string, position: Position): boolean {
    const disk = this.#current.get(node) ?? node;
    return this.#isNearly(disk, position, (entry) => this.#isDecided(entry, disk));
  }

  /** The configuration in force at an entry that some disk holds or has held. */
  configurationAt(position: Position): Configuration | undefined {
    return position.index === 0 ? this.#founded : this.#known.get(nameOf(position))?.configuration;
  }

  /** The last configuration that is committed. */
  get configuration(): Configuration {
    const last = this.#committed.at(-1);
    return (last && this.configurationAt(last)) ?? this.#founded;
  }

  /** Whether a node's disk holds an entry, or a base that stands for it. */
  isOnDisk(node: string, { index, term }: Position): boolean {
    const log = this.#logOf(node);
    return index <= log.base.index || log.entries.get(index)?.term === term;
  }

  named(node: string, member: Member): void {
    this.#disks.set(member, node);
  }

  voted(node: string, term: number): void {
    this.#current.set(nodeOfDisk(node), node);
    this.#terms.set(node, term);
  }

  stored(node: string, index: number, entry: Entry): void {
    const log = this.#logOf(node);
    for (const later of log.entries.keys()) if (later >= index) log.entries.delete(later);
    const known = this.#know(node, index, entry, this.#before(node, log, index));
    log.entries.set(index, known);
    if (this.#terms.get(node) !== entry.term) return;
    known.voters.add(node);
    if (this.#isDecided(known)) this.#commit(known, entry.term);
  }

  removed(node: string, index: number): void {
    this.#logOf(node).entries.delete(index);
  }

  based(node: string, base: Position): void {
    const log = this.#logOf(node);
    if (base.index > 0 && !this.#known.has(nameOf(base)))
      throw new Violation('log matching', `${node} goes on from ${nameOf(base)}, which no log has held`);
    const here = log.entries.get(base.index);
    if (here !== undefined && here.term !== base.term)
      throw new Violation('log matching', `${node} has ${nameOf(here)}, and goes on from ${nameOf(base)}`);
    log.base = base;
    for (const index of log.entries.keys()) if (index <= base.index) log.entries.delete(index);
  }

  /**
   * Whether those who have it on disk, and perhaps one more, can decide. Once a joint configuration is committed, the new
   * voters alone will do: no leader without that configuration can be elected any more, so each needs their majority.
   */
  #isDecided(entry: KnownEntry, oneMore?: string): boolean {
    if (this.#hasDecided(entry, entry.configuration, oneMore)) return true;
    const { change, configuration } = entry;
    if (!isJoint(configuration) || change === undefined || change === entry) return false;
    const isPast =
      this.isCommitted(change) ||
      (oneMore !== undefined &&
        this.#isNearly(oneMore, change, (other) => this.#hasDecided(other, other.configuration, oneMore)));
    return isPast && this.#hasDecided(entry, foundedBy(configuration.nextVoters), oneMore);
  }

  /** Whether those who have it on disk, and perhaps one more, can decide by that configuration. */
  #hasDecided({ voters }: KnownEntry, configuration: Configuration, oneMore?: string): boolean {
    return canDecide(configuration, (member) => {
      const disk = this.diskOf(member);
      return disk === oneMore || voters.has(disk);
    });
  }

  #isNearly(node: string, { index, term }: Position, isDecided: (entry: KnownEntry) => boolean): boolean {
    for (const entry of this.#known.values()) {
      if (entry.index < index || entry.voters.has(node) || !isDecided(entry)) continue;
      let at: KnownEntry | undefined = entry;
      while (at !== undefined && at.index > index) at = at.before;
      if (at?.term === term) return true;
    }
    return false;
  }

  #logOf(node: string): DiskLog {
    const log = this.#logs.get(node) ?? { base: { index: 0, term: 0 }, entries: new Map() };
    this.#logs.set(node, log);
    return log;
  }

  #before(node: string, log: DiskLog, index: number): KnownEntry | undefined {
    const before = log.base.index === index - 1 ? log.base : log.entries.get(index - 1);
    if (before === undefined) throw new Violation('log matching', `${node} has ${index} after a gap`);
    return this.#known.get(nameOf(before));
  }

  #know(node: string, index: number, entry: Entry, before: KnownEntry | undefined): KnownEntry {
    const { term, batch, configuration = null } = entry;
    const identity = identityOf(batch);
    const content = JSON.stringify([before?.digest, before?.term, term, identity, configuration]);
    const digest = checksumOf(Buffer.from(content));
    const name = nameOf({ index, term });
    if (before !== undefined && before.term > term)
      throw new Violation('log matching', `${node} has ${name} after ${nameOf(before)}`);
    const known = this.#known.get(name);
    if (known === undefined) {
      return this.#add({ index, term, batch: identity, digest, before }, configuration ?? undefined);
    }
    if (known.digest === digest) return known;
    throw new Violation(
      'log matching',
      `${node} has at ${name} ${identity} after ${before?.term}, another ${known.batch} after ${known.before?.term}`,
    );
  }

  #add(
    entry: Pick<KnownEntry, 'index' | 'term' | 'batch' | 'digest' | 'before'>,
    brought: Configuration | undefined,
  ): KnownEntry {
    const { before } = entry;
    const former = before?.configuration ?? this.#founded;
    const added: KnownEntry & { change: KnownEntry | undefined } = {
      ...entry,
      configuration: brought ?? former,
      change: before?.change,
      voters: new Set(),
    };
    this.#known.set(nameOf(entry), added);
    if (brought === undefined) return added;
    const at = before?.change ?? { index: 0, term: 0 };
    added.change = added;
    const change: Change = { ...entry, configuration: brought, former: { at, configuration: former } };
    for (const run of this.#onChange) run(change);
    return added;
  }

  #commit(entry: KnownEntry, inTerm: number): void {
    const fresh: KnownEntry[] = [];
    let at: KnownEntry | undefined = entry;
    for (; at !== undefined && at.index > this.#committed.length; at = at.before) fresh.push(at);
    const known = at === undefined ? undefined : this.#committed[at.index - 1];
    if (at !== undefined && known?.term !== at.term) {
      throw new Violation('one entry an index', `${nameOf(at)} is committed, and so was ${nameOf(known!)}`);
    }
    for (const { index, term, batch } of fresh.reverse()) {
      const commitment = { index, term, batch, inTerm };
      this.#committed.push(commitment);
      for (const run of this.#onCommit) run(commitment);
    }
    if (fresh.some((one) => one.change === one && isJoint(one.configuration))) this.#commitWhatFollows();
  }

  /** A joint configuration is committed: what follows may have been waiting for the old voters alone. */
  #commitWhatFollows(): void {
    for (const entry of this.#known.values()) {
      if (entry.index > this.#committed.length && this.#isDecided(entry)) this.#commit(entry, entry.term);
    }
  }
}

/** An entry by its index and term. */
export function nameOf({ index, term }: Position): string {
  return `${index} of term ${term}`;
}
