import type { ProgramReference } from '../actors/program.ts';
import { paxosProgram } from '../machines/paxos/program.ts';
import type { PaxosSettings } from '../machines/paxos/settings.ts';
import type { ApplicationReference } from '../machines/replication/load-applications.ts';

/** What a protocol's nodes need to know. */
export interface ProtocolOptions {
  readonly nodes: readonly string[];
  readonly applications: readonly ApplicationReference[];
  readonly settings?: Partial<PaxosSettings>;
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
}

export const PROTOCOLS = {
  paxos: {
    program: paxosProgram,
    entrance: 'replica',
    leader: 'leader',
    progressMessages: ['p1a', 'p2a'],
  },
} as const satisfies Record<string, Protocol>;

/** The name of a replication protocol. */
export type ProtocolName = keyof typeof PROTOCOLS;
