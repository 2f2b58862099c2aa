import type { LoadProgram, Program, ProgramReference } from '../../actors/program.ts';
import { type CoordinatorInput, coordinator } from './coordinator.ts';
import { ForgetfulLeaderError } from './errors.ts';
import { follower } from './follower.ts';
import type { Ground } from './follower-context.ts';
import { loadMembership, OUTSIDE } from './follower-records.ts';
import { GroupJournal } from './journal.ts';
import { leader } from './leader.ts';
import { loadFollowers, nextLife } from './leader-records.ts';
import { LockTable } from './locks.ts';
import { type NewcomerInput, newcomer } from './newcomer.ts';
import { type ParticipantInput, participant } from './participant.ts';
import { TWO_PHASE_COMMIT_DEFAULTS, type TwoPhaseCommitSettings } from './settings.ts';
import { VersionedStore } from './store.ts';
import { validator } from './validator.ts';

/** What a node of two-phase commit runs. Plain data. */
export interface TwoPhaseCommitOptions {
  /** The nodes that the cluster is founded with: the first is the leader, the others are the followers, one at least. */
  readonly nodes: readonly string[];
  readonly settings?: Partial<TwoPhaseCommitSettings>;
}

const NONCE_MAX = 2 ** 31 - 1;

/** Names the program of a node of two-phase commit, for a host to load. */
export function twoPhaseCommitProgram(options: TwoPhaseCommitOptions): ProgramReference {
  return { module: import.meta.url, options };
}

/** A node of two-phase commit, with all that its journal remembers. */
export const program: LoadProgram = ({ node, memory, journal: disk, store, random }, options) => {
  const { nodes, settings: changed } = options as TwoPhaseCommitOptions;
  const settings: TwoPhaseCommitSettings = { ...TWO_PHASE_COMMIT_DEFAULTS, ...changed };
  const [first, ...founders] = nodes;
  if (first === undefined || founders.length === 0)
    throw new TypeError('two-phase commit takes two nodes or more');
  const journal = new GroupJournal(disk, node);
  if (node === first) {
    if (memory === 'lost') throw new ForgetfulLeaderError(node);
    const life = nextLife(disk, settings.presume);
    const followers = loadFollowers(disk, founders);
    const input: CoordinatorInput = { node, settings, random, journal, life, followers };
    return { roles: { coordinator, leader, validator }, start: [{ role: 'coordinator', input }] };
  }
  const kept = new VersionedStore(store);
  const isLost = journal.hasStored && kept.isNew;
  const membership = isLost ? OUTSIDE : loadMembership(disk, memory, founders.includes(node));
  const ground: Ground = {
    node,
    leader: first,
    settings,
    journal,
    store: kept,
    locks: new LockTable(),
    membership,
    mark: Math.max(journal.mark, membership.first),
    orders: { votesNo: false, delayMs: undefined },
  };
  const start: Program['start'] = [{ role: 'participant', input: { ground } satisfies ParticipantInput }];
  const nonce = random.integer(1, NONCE_MAX);
  const input: NewcomerInput = { ground, nonce };
  return {
    roles: { participant, follower, newcomer },
    start: ground.membership.state === 'member' ? start : [...start, { role: 'newcomer', input }],
  };
};
