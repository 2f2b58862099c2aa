import type { ProgramReference } from '../../actors/program.ts';
import { paxosProgram } from '../../machines/paxos/program.ts';
import type { PaxosSettings } from '../../machines/paxos/settings.ts';
import { raftProgram } from '../../machines/raft/program.ts';
import type { RaftSettings } from '../../machines/raft/settings.ts';
import type { ApplicationReference } from '../../machines/replication/load-applications.ts';

/** The bounds and times of each replication protocol. */
export interface ProtocolSettings {
  readonly paxos: PaxosSettings;
  readonly raft: RaftSettings;
}

/** The name of a replication protocol. */
export type ProtocolName = keyof ProtocolSettings;

/** What a protocol's nodes need to know. */
export interface ProtocolOptions {
  readonly nodes: readonly string[];
  readonly applications: readonly ApplicationReference[];
  readonly settings?: Partial<PaxosSettings & RaftSettings>;
}

/** All that the floors above know of a replication protocol. */
export interface Protocol {
  readonly program: (options: ProtocolOptions) => ProgramReference;
  /** The role of each node that clients talk to. */
  readonly entrance: string;
  /** The role of each node that says whether it leads. */
  readonly leader: string;
  /** Messages that carry the protocol forward: those that count for a time bomb. */
  readonly progressMessages: readonly string[];
  /** Whether its members may change, and its leader be told to make way for another. */
  readonly changesMembers: boolean;
}

export const PROTOCOLS: Readonly<Record<ProtocolName, Protocol>> = {
  paxos: {
    program: paxosProgram,
    entrance: 'replica',
    leader: 'leader',
    progressMessages: ['p1a', 'p2a'],
    changesMembers: false,
  },
  raft: {
    program: raftProgram,
    entrance: 'replica',
    leader: 'server',
    progressMessages: ['requestVote', 'appendEntries'],
    changesMembers: true,
  },
};

export const PROTOCOL_NAMES = Object.keys(PROTOCOLS) as readonly ProtocolName[];
