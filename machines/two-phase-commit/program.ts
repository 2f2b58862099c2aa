import type { LoadProgram, ProgramReference } from '../../actors/program.ts';
import { type CoordinatorInput, coordinator } from './coordinator.ts';
import { ForgetfulLeaderError } from './errors.ts';
import { follower } from './follower.ts';
import type { Ground } from './follower-context.ts';
import { GroupJournal } from './journal.ts';
import { leader } from './leader.ts';
import { nextLife } from './leader-records.ts';
import { LockTable } from './locks.ts';
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
    const input: CoordinatorInput = { node, settings, random, journal, life, followers: founders };
    return { roles: { coordinator, leader, validator }, start: [{ role: 'coordinator', input }] };
  }
  const ground: Ground = {
    node,
    leader: first,
    settings,
    journal,
    store: new VersionedStore(store),
    locks: new LockTable(),
    mark: journal.mark,
    orders: { votesNo: false, delayMs: undefined },
  };
  return {
    roles: { participant, follower },
    start: [{ role: 'participant', input: { ground } satisfies ParticipantInput }],
  };
};
