import type { Address } from '../../../actors/address.ts';
import type { Effect } from '../../../actors/effects.ts';
import { foundedBy } from '../../../machines/raft/configuration.ts';
import { append, type Entry, type Log, logAfter, type Position } from '../../../machines/raft/log.ts';
import type { ServerMessage } from '../../../machines/raft/messages.ts';
import type { ServerRecords } from '../../../machines/raft/records.ts';
import { server } from '../../../machines/raft/server.ts';
import type { ServerInput } from '../../../machines/raft/server-context.ts';
import { RAFT_DEFAULTS, type RaftSettings } from '../../../machines/raft/settings.ts';
import { NO_OP } from '../../../machines/replication/batch.ts';
import { RoleDriver, sent } from '../role-driver.ts';

interface DrivenServer {
  readonly voters?: readonly string[];
  readonly term?: number;
  readonly votedFor?: string;
  readonly log?: Log;
  readonly applied?: number;
  readonly settings?: Partial<RaftSettings>;
}

/** Server 0 of a cluster, alone in a test: step by step, with a clock that the test moves. */
export class ServerDriver {
  readonly #driver: RoleDriver;
  #nowMs = 0;

  constructor({ voters = ['0', '1', '2'], term = 0, votedFor, log, applied = 0, settings }: DrivenServer) {
    const records: ServerRecords = {
      member: undefined,
      isForgetful: false,
      term,
      votedFor,
      log: log ?? logAfter({ index: 0, term: 0 }, foundedBy(voters)),
      repairs: [],
    };
    this.#driver = new RoleDriver(server, '0/server', {
      node: '0',
      settings: { ...RAFT_DEFAULTS, ...settings },
      random: { next: () => 0.5, integer: (from: number) => from },
      clock: { now: () => this.#nowMs },
      records,
      applied,
      leadsFirst: false,
      isNew: false,
      isForgetful: false,
    } satisfies ServerInput);
  }

  is(state: string): boolean {
    return this.#driver.is(state);
  }

  receive(message: ServerMessage, from: Address): readonly Effect[] {
    return this.#driver.receive(message, from);
  }

  pass(ms: number): readonly Effect[] {
    const effects: Effect[] = [];
    for (let passed = 0; passed < ms; passed++) {
      this.#nowMs += 1;
      effects.push(...this.#driver.pass(1));
    }
    return effects;
  }

  /** Misses its leader and wins a pre-vote: it asks for votes in the next term. */
  stand(): readonly Effect[] {
    for (let waited = 0; waited < 1000; waited++) {
      const [, asked] = sent(this.pass(1), 'preVote')[0] ?? [];
      if (asked === undefined) continue;
      const { term } = asked as unknown as { readonly term: number };
      return this.receive(
        { type: 'preVoteReply', asked: term, term: term - 1, granted: true, commit: 0, isMember: true },
        '1/server',
      );
    }
    throw new Error('it never stands');
  }

  /** As {@link stand}, and is elected. */
  lead(): readonly Effect[] {
    const [, asked] = sent(this.stand(), 'requestVote')[0]!;
    const { term } = asked as unknown as { readonly term: number };
    return this.receive({ type: 'voteReply', term, granted: true }, '1/server');
  }
}

/** A log of entries of these terms. */
export function logOf(terms: readonly number[], base: Position = { index: 0, term: 0 }): Log {
  const log = logAfter(base, foundedBy(['0', '1', '2']));
  for (const entry of entriesOf(terms)) append(log, entry);
  return log;
}

export function entriesOf(terms: readonly number[]): Entry[] {
  return terms.map((term) => ({ term, batch: NO_OP }));
}
