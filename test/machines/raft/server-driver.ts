import type { Address } from '../../../actors/address.ts';
import type { Effect } from '../../../actors/effects.ts';
import type { Message } from '../../../actors/envelope.ts';
import { MemoryJournal } from '../../../actors/memory-journal.ts';
import { type Configuration, foundedBy } from '../../../machines/raft/configuration.ts';
import {
  append,
  type Conflict,
  configurationAt,
  type Entry,
  type Log,
  logAfter,
  type Position,
  termAt,
} from '../../../machines/raft/log.ts';
import type { Member } from '../../../machines/raft/member.ts';
import type { ServerMessage } from '../../../machines/raft/messages.ts';
import {
  type Anchor,
  baseRecords,
  entryRecord,
  loadServerRecords,
  type ServerRecords,
  voteRecord,
} from '../../../machines/raft/records.ts';
import { server } from '../../../machines/raft/server.ts';
import type { ServerInput } from '../../../machines/raft/server-context.ts';
import { RAFT_DEFAULTS, type RaftSettings } from '../../../machines/raft/settings.ts';
import { NO_OP } from '../../../machines/replication/batch.ts';
import type { LeaderStatus } from '../../../machines/replication/client-messages.ts';
import { persisted, RoleDriver, sent } from '../role-driver.ts';

export const CLIENT = 'clients/one';

interface DrivenServer {
  readonly voters?: readonly string[];
  readonly term?: number;
  readonly votedFor?: string;
  readonly log?: Log;
  readonly applied?: number;
  /** Of what is applied, where that is ahead of the log. */
  readonly anchor?: unknown;
  readonly settings?: Partial<RaftSettings>;
  /** What chance says each time; one half by default. */
  readonly chance?: number;
  readonly leadsFirst?: boolean;
  readonly isNew?: boolean;
  /** A disk that a former life has written; instead of term, vote and log. */
  readonly journal?: MemoryJournal;
  /** It ran before, and its journal is gone. */
  readonly isForgetful?: boolean;
}

/**
 * Server 0 of a cluster, alone in a test: step by step, with a clock that the test moves. What it persists is on disk
 * when the step ends.
 */
export class ServerDriver {
  /** The effects of the first step. */
  readonly started: readonly Effect[];
  readonly journal: MemoryJournal;
  readonly #options: DrivenServer;
  readonly #driver: RoleDriver;
  #nowMs = 0;

  constructor(options: DrivenServer = {}) {
    const { applied = 0, settings, chance = 0.5 } = options;
    this.#options = options;
    this.journal = options.journal ?? diskOf(options, foundedBy(votersOf(options)));
    const anchor = options.anchor ?? anchorAt(this.onDisk().log, applied);
    const records = loadServerRecords(this.journal, { applied, anchor }, votersOf(options));
    this.#driver = new RoleDriver(server, '0/server', {
      node: '0',
      settings: { ...RAFT_DEFAULTS, ...settings },
      random: { next: () => chance, integer: (from: number) => from },
      clock: { now: () => this.#nowMs },
      records,
      applied,
      leadsFirst: options.leadsFirst ?? false,
      isNew: options.isNew ?? false,
      isForgetful: options.isForgetful === true || records.isForgetful,
    } satisfies ServerInput);
    this.started = this.#written(this.#driver.started);
  }

  /** The next life of the server, from what this one has on disk. */
  restart(changed: Pick<DrivenServer, 'applied' | 'anchor'> = {}): ServerDriver {
    const { isForgetful: _, ...options } = this.#options;
    return new ServerDriver({ ...options, isNew: false, ...changed, journal: this.journal });
  }

  is(state: string): boolean {
    return this.#driver.is(state);
  }

  receive<M extends ServerMessage>(message: M, from: Address): readonly Effect[] {
    return this.#written(this.#driver.receive(message, from));
  }

  pass(ms: number): readonly Effect[] {
    const effects: Effect[] = [];
    for (let passed = 0; passed < ms; passed++) {
      this.#nowMs += 1;
      effects.push(...this.#written(this.#driver.pass(1)));
    }
    return effects;
  }

  /** Misses its leader and wins a pre-vote: it asks for votes in the next term. */
  stand(...supporters: readonly string[]): readonly Effect[] {
    for (let waited = 0; waited < 1000; waited++) {
      const [, asked] = sent(this.pass(1), 'preVote')[0] ?? [];
      if (asked === undefined) continue;
      const { term } = asked as Message & { readonly term: number };
      return orFirst(supporters).flatMap((node) => [...this.preVoteReply(node, term, true)]);
    }
    throw new Error('it never stands');
  }

  /** As {@link stand}, and is elected. */
  lead(...supporters: readonly string[]): readonly Effect[] {
    this.stand(...supporters);
    const { term } = this.status();
    return orFirst(supporters).flatMap((node) => [...this.voteReply(node, term, true)]);
  }

  // What others say to it. Where the sender is not given, it is server 1.

  heartbeat(term: number, round = 1, from = '1'): readonly Effect[] {
    return this.receive({ type: 'heartbeat', term, round }, `${from}/server`);
  }

  append(term: number, previous: Position, entries: readonly Entry[], from = '1'): readonly Effect[] {
    return this.receive({ type: 'appendEntries', term, previous, entries }, `${from}/server`);
  }

  probe(term: number, previous: Position, from = '1'): readonly Effect[] {
    return this.receive({ type: 'probe', term, previous, entries: [] }, `${from}/server`);
  }

  commit(term: number, index: number, match: Position, from = '1'): readonly Effect[] {
    return this.receive({ type: 'commit', term, index, match }, `${from}/server`);
  }

  requestVote(from: string, term: number, last: Position, isTransfer = false): readonly Effect[] {
    return this.receive({ type: 'requestVote', term, last, isTransfer }, `${from}/server`);
  }

  preVote(from: string, term: number, last: Position): readonly Effect[] {
    return this.receive({ type: 'preVote', term, last }, `${from}/server`);
  }

  preVoteReply(
    from: string,
    asked: number,
    granted: boolean,
    { term = asked - 1, commit = 0, isMember = true } = {},
  ): readonly Effect[] {
    const message = { type: 'preVoteReply', asked, term, granted, commit, isMember } as const;
    return this.receive(message, `${from}/server`);
  }

  voteReply(from: string, term: number, granted: boolean): readonly Effect[] {
    return this.receive({ type: 'voteReply', term, granted }, `${from}/server`);
  }

  appended(from: string, term: number, match: number): readonly Effect[] {
    return this.receive({ type: 'appended', term, match }, `${from}/server`);
  }

  mismatched(from: string, term: number, previous: number, conflict: Conflict): readonly Effect[] {
    return this.receive({ type: 'mismatched', term, previous, conflict }, `${from}/server`);
  }

  beatReply(
    from: string,
    term: number,
    round: number,
    { commit = 0, leaderCommit = 0 } = {},
  ): readonly Effect[] {
    return this.receive({ type: 'heartbeatReply', term, round, commit, leaderCommit }, `${from}/server`);
  }

  /** Commands of one byte each, all in one turn. */
  propose(...bytes: number[]): readonly Effect[] {
    return this.proposeChunks(...bytes.map((byte) => new Uint8Array([byte])));
  }

  proposeChunks(...chunks: Uint8Array[]): readonly Effect[] {
    const effects = chunks.flatMap((chunk) => [
      ...this.receive({ type: 'propose', chunk, client: CLIENT }, '0/replica'),
    ]);
    if (sent(effects, 'appendPending').length === 0) return effects;
    return [...effects, ...this.receive({ type: 'appendPending' }, '0/server')];
  }

  confirmRead(ticket: string, from: Address = '0/replica'): readonly Effect[] {
    return this.receive({ type: 'confirmRead', ticket }, from);
  }

  setMembers(...voters: string[]): readonly Effect[] {
    return this.receive({ type: 'setMembers', voters }, 'clients/observer');
  }

  transfer(to?: string): readonly Effect[] {
    return this.receive({ type: 'transferLeadership', to }, 'clients/observer');
  }

  /** A node that has lost its memory, or is another member than it was taken for. */
  forgot(from: string, nonce: number): readonly Effect[] {
    return this.receive({ type: 'forgot', nonce }, `${from}/server`);
  }

  welcome(term: number, member: Member, nonce: number): readonly Effect[] {
    return this.receive({ type: 'welcome', term, member, nonce }, '1/server');
  }

  /** The replica beside has so much on disk. */
  durable(index: number): readonly Effect[] {
    return this.receive({ type: 'durable', index }, '0/replica');
  }

  // How it is.

  status(): LeaderStatus {
    const [[, status]] = sent(this.receive({ type: 'status', id: 1 }, CLIENT)) as unknown as [
      [Address, LeaderStatus],
    ];
    return status;
  }

  /** The records on its disk, as its next life would read them. */
  onDisk(): ServerRecords {
    return loadServerRecords(this.journal, { applied: 0, anchor: null }, votersOf(this.#options));
  }

  /** The terms of the entries on its disk. */
  termsOnDisk(): number[] {
    return this.onDisk().log.entries.map(({ term }) => term);
  }

  #written(effects: readonly Effect[]): readonly Effect[] {
    const writes = persisted(effects);
    if (writes.length > 0) this.journal.commit(writes, () => {});
    return effects;
  }
}

/** A log of entries of these terms. */
export function logOf(terms: readonly number[], base: Position = { index: 0, term: 0 }): Log {
  return logWith(entriesOf(terms), base);
}

/** A log of these entries, founded by three servers. */
export function logWith(
  entries: readonly Entry[],
  base: Position = { index: 0, term: 0 },
  founded: Configuration = foundedBy(['0', '1', '2']),
): Log {
  const log = logAfter(base, founded);
  for (const entry of entries) append(log, entry);
  return log;
}

export function entriesOf(terms: readonly number[]): Entry[] {
  return terms.map((term) => ({ term, batch: NO_OP }));
}

function orFirst(supporters: readonly string[]): readonly string[] {
  return supporters.length === 0 ? ['1'] : supporters;
}

function votersOf({ voters = ['0', '1', '2'] }: DrivenServer): readonly string[] {
  return voters;
}

/** What the replicated state keeps of an index that the log still knows. */
function anchorAt(log: Log, index: number): Anchor | null {
  const term = termAt(log, index);
  return term === undefined ? null : { term, configuration: configurationAt(log, index) };
}

function diskOf({ term = 0, votedFor, log }: DrivenServer, founded: Configuration): MemoryJournal {
  const journal = new MemoryJournal();
  const { base, entries, configurations } = log ?? logAfter({ index: 0, term: 0 }, founded);
  journal.commit(
    [
      ...(term === 0 ? [] : [voteRecord(term, votedFor)]),
      ...(log === undefined ? [] : baseRecords(base, configurations[0]!.configuration)),
      ...entries.map((entry, place) => entryRecord(base.index + 1 + place, entry)),
    ],
    () => {},
  );
  return journal;
}
