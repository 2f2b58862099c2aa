/** The protocols that can be put to experiments. A new one is added here, and nowhere else. */
import type { SimulatedProtocol } from '../system.ts';
import { eventual } from './eventual/eventual.ts';
import { paxos } from './paxos/paxos.ts';
import { paxosCommit } from './paxos-commit/paxos-commit.ts';
import { raft } from './raft/raft.ts';
import { twoPhaseCommit } from './two-phase-commit/two-phase-commit.ts';

export const SIMULATED_PROTOCOLS = {
  paxos,
  raft,
  eventual,
  '2pc': twoPhaseCommit,
  'paxos-commit': paxosCommit,
} as const satisfies Readonly<Record<string, SimulatedProtocol>>;

/** The name of a protocol that can be put to experiments. */
export type SimulatedProtocolName = keyof typeof SIMULATED_PROTOCOLS;

export const SIMULATED_PROTOCOL_NAMES = Object.keys(SIMULATED_PROTOCOLS) as readonly SimulatedProtocolName[];
