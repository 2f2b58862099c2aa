import type { LoadProgram, ProgramReference } from '../../actors/program.ts';
import { acceptor } from '../paxos/acceptor.ts';
import type { AcceptorInput } from '../paxos/acceptor-context.ts';
import { loadAcceptorRecords } from '../paxos/acceptor-records.ts';
import { compareBallots, LOWEST_BALLOT } from '../paxos/ballot.ts';
import { commander } from '../paxos/commander.ts';
import { scout } from '../paxos/scout.ts';
import type { Ground } from '../two-phase-commit/follower-context.ts';
import { FOUNDER } from '../two-phase-commit/follower-records.ts';
import { GroupJournal } from '../two-phase-commit/journal.ts';
import { LockTable } from '../two-phase-commit/locks.ts';
import type { ParticipantInput } from '../two-phase-commit/participant.ts';
import { VersionedStore } from '../two-phase-commit/store.ts';
import { validator } from '../two-phase-commit/validator.ts';
import { coordinator } from './coordinator.ts';
import type { CoordinatorInput } from './coordinator-context.ts';
import { ForgetfulNodeError } from './errors.ts';
import { followerAmong } from './follower.ts';
import { leaderAmong } from './leader.ts';
import { participantAmong } from './participant.ts';
import { PAXOS_COMMIT_DEFAULTS, type PaxosCommitSettings } from './settings.ts';
import { HANDED_OUT_MAX } from './slotted-groups.ts';

/** What a node of Paxos Commit runs. Plain data. */
export interface PaxosCommitOptions {
  /**
   * All nodes: each has an acceptor, and may lead. The first leads first, and has no more than that; the others are the
   * followers too, one at least.
   */
  readonly nodes: readonly string[];
  readonly settings?: Partial<Omit<PaxosCommitSettings, 'presume'>>;
}

/** Names the program of a node of Paxos Commit, for a host to load. */
export function paxosCommitProgram(options: PaxosCommitOptions): ProgramReference {
  return { module: import.meta.url, options };
}

/** A node of Paxos Commit, with all that its journal remembers. */
export const program: LoadProgram = ({ node, memory, journal: disk, store, random }, options) => {
  const { nodes, settings: changed } = options as PaxosCommitOptions;
  const settings: PaxosCommitSettings = { ...PAXOS_COMMIT_DEFAULTS, ...changed };
  const [first, ...followers] = nodes;
  if (first === undefined || followers.length === 0 || followers.length > HANDED_OUT_MAX)
    throw new TypeError(`Paxos Commit takes 2 to ${HANDED_OUT_MAX + 1} nodes`);
  // What it has promised, accepted and voted binds it: it cannot start anew.
  if (memory === 'lost') throw new ForgetfulNodeError(node);
  const records = loadAcceptorRecords(disk);
  const isNew = compareBallots(records.ballot, LOWEST_BALLOT) === 0;
  const start = [
    {
      role: 'acceptor',
      input: { node, nodes, settings, records, isForgetful: false, nonce: 0 } satisfies AcceptorInput,
    },
    {
      role: 'coordinator',
      input: {
        node,
        nodes,
        followers,
        settings,
        random,
        promised: records.ballot,
        floor: records.floor,
        leadsFirst: isNew && node === first,
      } satisfies CoordinatorInput,
    },
  ];
  const roles = {
    acceptor,
    coordinator,
    leader: leaderAmong(nodes),
    validator,
    scout,
    // There are no replicas to be told.
    commander: commander.provide({ actions: { tellReplicas: () => {} } }),
    participant: participantAmong(nodes),
    follower: followerAmong(nodes),
  };
  if (node === first) return { roles, start };
  const journal = new GroupJournal(disk, node);
  const kept = new VersionedStore(store);
  if (journal.hasStored && kept.isNew) throw new ForgetfulNodeError(node);
  const ground: Ground = {
    node,
    leader: first,
    settings,
    journal,
    store: kept,
    locks: new LockTable(),
    membership: FOUNDER,
    mark: journal.mark,
    orders: { votesNo: false, delayMs: undefined },
  };
  const participant = { role: 'participant', input: { ground } satisfies ParticipantInput };
  return { roles, start: [...start, participant] };
};
