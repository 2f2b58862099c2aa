import type { ReplicaInput } from '../../../../machines/eventual/replica-context.ts';
import type { RouterInput } from '../../../../machines/eventual/router.ts';
import { forPrograms, type Instrument, type OpenProgram } from '../../watch/instrumented-program.ts';

/** The program of a server of the eventually consistent store. */
export interface OpenEventual extends OpenProgram {
  readonly inputs: { replica: ReplicaInput; router: RouterInput };
}

/** An instrument for the eventually consistent store alone. */
export function forEventual(instrument: Instrument<OpenEventual>): Instrument {
  return forPrograms('router', instrument);
}
