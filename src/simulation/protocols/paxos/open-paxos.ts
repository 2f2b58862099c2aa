import type { AcceptorInput } from '../../../../machines/paxos/acceptor-context.ts';
import type { LeaderInput } from '../../../../machines/paxos/leader-context.ts';
import type { ReplicaInput } from '../../../../machines/paxos/replica-context.ts';
import { forPrograms, type Instrument, type OpenProgram } from '../../watch/instrumented-program.ts';

/** The program of a node of Multi-Paxos. */
export interface OpenPaxos extends OpenProgram {
  readonly inputs: { acceptor: AcceptorInput; replica: ReplicaInput; leader: LeaderInput };
}

/** An instrument for Multi-Paxos alone. */
export function forPaxos(instrument: Instrument<OpenPaxos>): Instrument {
  return forPrograms('acceptor', instrument);
}
