import type { ReplicaInput } from '../../../../machines/raft/replica.ts';
import type { ServerInput } from '../../../../machines/raft/server-context.ts';
import { forPrograms, type Instrument, type OpenProgram } from '../../watch/instrumented-program.ts';

/** The program of a node of Raft. */
export interface OpenRaft extends OpenProgram {
  readonly inputs: { server: ServerInput; replica: ReplicaInput };
}

/** An instrument for Raft alone. */
export function forRaft(instrument: Instrument<OpenRaft>): Instrument {
  return forPrograms('server', instrument);
}
