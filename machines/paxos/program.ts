import type { LoadProgram, ProgramReference } from '../../actors/program.ts';
import { type ApplicationReference, loadApplications } from '../replication/load-applications.ts';
import { ReplicatedState } from '../replication/replicated-state.ts';
import { snapshotSender } from '../replication/snapshot-sender.ts';
import { acceptor } from './acceptor.ts';
import type { AcceptorInput } from './acceptor-context.ts';
import { loadAcceptorRecords } from './acceptor-records.ts';
import { compareBallots, LOWEST_BALLOT } from './ballot.ts';
import { commander } from './commander.ts';
import { leader } from './leader.ts';
import type { LeaderInput } from './leader-context.ts';
import { replica } from './replica.ts';
import type { ReplicaInput } from './replica-context.ts';
import { scout } from './scout.ts';
import { PAXOS_DEFAULTS, type PaxosSettings } from './settings.ts';

/** What a node of a Multi-Paxos cluster runs. Plain data. */
export interface PaxosOptions {
  /** All nodes: each has an acceptor, a replica and a possible leader. */
  readonly nodes: readonly string[];
  readonly applications: readonly ApplicationReference[];
  readonly settings?: Partial<PaxosSettings>;
}

const NONCE_MAX = 2 ** 31 - 1;

/** Names the program of a Multi-Paxos node, for a host to load. */
export function paxosProgram(options: PaxosOptions): ProgramReference {
  return { module: import.meta.url, options };
}

/** A node of a Multi-Paxos cluster, with all that its journal remembers. */
export const program: LoadProgram = async ({ node, memory, journal, store, random }, options) => {
  const { nodes, applications, settings: changed } = options as PaxosOptions;
  const settings: PaxosSettings = { ...PAXOS_DEFAULTS, ...changed };
  const records = loadAcceptorRecords(journal);
  const state = new ReplicatedState(store, await loadApplications(applications));
  const isForgetful = memory === 'lost' || records.isForgetful;
  const nonce = isForgetful ? random.integer(1, NONCE_MAX) : 0;
  const isNew = !isForgetful && compareBallots(records.ballot, LOWEST_BALLOT) === 0;
  return {
    roles: { acceptor, replica, leader, scout, commander, snapshotSender },
    start: [
      {
        role: 'acceptor',
        input: { node, nodes, settings, records, isForgetful, nonce } satisfies AcceptorInput,
      },
      { role: 'replica', input: { node, nodes, settings, state } satisfies ReplicaInput },
      {
        role: 'leader',
        input: {
          node,
          nodes,
          settings,
          random,
          promised: records.ballot,
          applied: state.applied,
          floor: records.floor,
          leadsFirst: isNew && node === nodes[0],
          isForgetful,
        } satisfies LeaderInput,
      },
    ],
  };
};
