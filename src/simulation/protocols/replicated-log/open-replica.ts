import type { ReplicatedState } from '../../../../machines/replication/replicated-state.ts';
import { forPrograms, type Instrument, type OpenProgram } from '../../watch/instrumented-program.ts';

/** The program of a node that replicates a log, by whichever protocol. */
export interface OpenReplica extends OpenProgram {
  readonly inputs: { readonly replica: { readonly state: ReplicatedState } };
}

/** An instrument for every protocol that replicates a log. */
export function forReplicas(instrument: Instrument<OpenReplica>): Instrument {
  return forPrograms('replica', instrument);
}
