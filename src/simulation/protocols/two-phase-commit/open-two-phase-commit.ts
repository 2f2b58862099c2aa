import type { CoordinatorInput } from '../../../../machines/two-phase-commit/coordinator.ts';
import type { ParticipantInput } from '../../../../machines/two-phase-commit/participant.ts';
import type { Instrument, OpenProgram } from '../../watch/instrumented-program.ts';

/** The program of a node of two-phase commit: a leader's or a follower's. */
export interface OpenTwoPhaseCommit extends OpenProgram {
  readonly inputs: { coordinator?: CoordinatorInput; participant?: ParticipantInput };
}

/** An instrument for two-phase commit alone. */
export function forTwoPhaseCommit(instrument: Instrument<OpenTwoPhaseCommit>): Instrument {
  return (open, context) => {
    if (!('coordinator' in open.inputs || 'participant' in open.inputs))
      throw new TypeError('an instrument of two-phase commit for another protocol');
    instrument(open as OpenTwoPhaseCommit, context);
  };
}
