import { checksumOf } from '../../../actors/simulated/seed.ts';
import { type Configuration, canDecide, foundedBy, isJoint } from '../../../machines/raft/configuration.ts';
import type { Entry, Position } from '../../../machines/raft/log.ts';
import type { Member } from '../../../machines/raft/member.ts';
import { type DiskWatcher, identityOf, nodeOfDisk } from './disk-watch.ts';
import { Violation } from './violation.ts';

interface KnownEntry extends Position {
  readonly batch: string;
  /** Of this entry and all before it. */
  readonly digest: number;
  /** Undefined for the first of all. */
  readonly before: KnownEntry | undefined;
  /** In force here, and the index of the entry that brought it. */
  readonly configuration: Configuration;
  readonly configuredAt: number;
  /** Disks that had it while they were in its term. */
  readonly voters: Set<string>;
}

interface Commitment extends Position {
  /** The term in whose course it came to be committed. */
  readonly inTerm: number;
  readonly batch: string;
}

interface DiskLog {
  base: Position;
  readonly entries: Map<number, KnownEntry>;
}

/**
 * All entries that ever stood in a log on a disk, and what follows from where they stood. An entry is committed when a
 * majority, by the configuration there, has had it on disk in its own term, and so is all before it (thesis, section
 * 3.6.2).
 *
 * It checks log matching (figure 3.2): two logs that hold an entry of the same index and term are the same up to it.
 */
export class LogHistory implements DiskWatcher {
  readonly #founded: Configuration;
  /** The disk of each member; of a founder it bears its name. */
  readonly #disks = new Map<Member, string>();
  /** The disk that each node has now. */
  readonly #current = new Map<string, string>();
  readonly #known = new Map<string, KnownEntry>();
  readonly #logs = new Map<string, DiskLog>();
  readonly #terms = new Map<string, number>();
  readonly #committed: Commitment[] = [];
  readonly #onCommit: ((commitment: Commitment) => void)[] = [];

  constructor(nodes: readonly string[]) {
    this.#founded = foundedBy(nodes);
  }

  get isOfOne(): boolean {
    return this.#founded.voters.length === 1;
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

  /** Whether it lacks the vote of one node alone: its disk may be about to have it. */
  isNearlyCommitted(node: string, { index, term }: Position): boolean {
    const disk = this.#current.get(node) ?? node;
    for (const entry of this.#known.values()) {
      if (entry.index < index || entry.voters.has(disk) || !this.#isDecided(entry, disk)) continue;
      let at: KnownEntry | undefined = entry;
      while (at !== undefined && at.index > index) at = at.before;
      if (at?.term === term) return true;
    }
    return false;
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
    if (!this.#isDecided(known)) return;
    this.#commit(known, entry.term);
    if (!isJoint(known.configuration)) return;
    // Those after it may have waited for the joint configuration alone.
    for (const later of this.#known.values()) {
      if (later.index > this.#committed.length && this.#isDecided(later)) this.#commit(later, later.term);
    }
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

  /** Whether those who have it on disk, and perhaps one more, can decide. */
  #isDecided(entry: KnownEntry, oneMore?: string): boolean {
    const { configuration } = entry;
    const have = (known: KnownEntry) => (member: Member) => {
      const disk = this.diskOf(member);
      return disk === oneMore || known.voters.has(disk);
    };
    if (canDecide(configuration, have(entry))) return true;
    if (!isJoint(configuration)) return false;
    // Once it is committed its leader goes on to the new one; and nobody leads without a majority of that.
    let joint: KnownEntry | undefined = entry;
    while (joint !== undefined && joint.index > entry.configuredAt) joint = joint.before;
    const isLeft =
      joint !== undefined && (joint.index <= this.#committed.length || canDecide(configuration, have(joint)));
    return isLeft && canDecide(foundedBy(configuration.nextVoters), have(entry));
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
      const added: KnownEntry = {
        index,
        term,
        batch: identity,
        digest,
        before,
        configuration: configuration ?? before?.configuration ?? this.#founded,
        configuredAt: configuration === null ? (before?.configuredAt ?? 0) : index,
        voters: new Set(),
      };
      this.#known.set(name, added);
      return added;
    }
    if (known.digest === digest) return known;
    throw new Violation(
      'log matching',
      `${node} has at ${name} ${identity} after ${before?.term}, another ${known.batch} after ${known.before?.term}`,
    );
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
  }
}

/** An entry by its index and term. */
export function nameOf({ index, term }: Position): string {
  return `${index} of term ${term}`;
}
