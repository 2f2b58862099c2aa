import type { LoadProgram, ProgramReference } from '../../actors/program.ts';
import { type ApplicationReference, loadApplications } from '../replication/load-applications.ts';
import { ReplicatedState } from '../replication/replicated-state.ts';
import { snapshotSender } from '../replication/snapshot-sender.ts';
import { foundedBy } from './configuration.ts';
import { loadServerRecords } from './records.ts';
import { type ReplicaInput, replica } from './replica.ts';
import { server } from './server.ts';
import type { ServerInput } from './server-context.ts';
import { RAFT_DEFAULTS, type RaftSettings } from './settings.ts';

/** What a node of a Raft cluster runs. Plain data. */
export interface RaftOptions {
  /** The nodes that found the cluster; one that is not among them waits until it is taken in. */
  readonly nodes: readonly string[];
  readonly applications: readonly ApplicationReference[];
  readonly settings?: Partial<RaftSettings>;
}

/** Names the program of a Raft node, for a host to load. */
export function raftProgram(options: RaftOptions): ProgramReference {
  return { module: import.meta.url, options };
}

/** A node of a Raft cluster, with all that its journal remembers. */
export const program: LoadProgram = async ({ node, journal, store, random, clock, memory }, options) => {
  const { nodes, applications, settings: changed } = options as RaftOptions;
  const settings: RaftSettings = { ...RAFT_DEFAULTS, ...changed };
  const state = new ReplicatedState(store, await loadApplications(applications));
  const records = loadServerRecords(journal, state, nodes);
  // One that has run, though nothing of it reached the disk, may have sworn loyalty to a leader (section 6.4.1).
  const isNew = memory === 'new';
  return {
    roles: { server, replica, snapshotSender },
    start: [
      {
        role: 'server',
        input: {
          node,
          settings,
          random,
          clock,
          records,
          applied: state.applied,
          leadsFirst: isNew && node === nodes[0],
          isNew,
          isForgetful: memory === 'lost' || records.isForgetful,
        } satisfies ServerInput,
      },
      {
        role: 'replica',
        input: { node, settings, state, founded: foundedBy(nodes) } satisfies ReplicaInput,
      },
    ],
  };
};
