import { SynodError } from '../errors.ts';

/** Nothing is scheduled any more, and what was waited for has not happened: it never will. */
export class SimulationStuckError extends SynodError {
  constructor(atMs: number, why: string) {
    super(
      'SYNOD_SIMULATION_STUCK',
      `the simulation stands still at ${atMs} ms of virtual time: ${why}. ` +
        'Look at the last records of its trace for what was lost, or who waits for whom',
    );
  }
}

/** What was waited for has not happened within its limit of virtual time. */
export class SimulationLimitError extends SynodError {
  constructor(limitMs: number, atMs: number) {
    super(
      'SYNOD_SIMULATION_LIMIT',
      `what the simulation waited for has not happened within ${limitMs} ms of virtual time (it is ${atMs} ms now). ` +
        'Raise the limit, or look at the trace for what holds it up',
    );
  }
}

/** Thrown into the middle of a turn, for the node to end there. It never leaves this world. */
export class Interruption extends Error {}

/** The simulation was asked for something that makes no sense. */
export class BadSimulationError extends SynodError {
  constructor(what: string, instead: string) {
    super('SYNOD_BAD_SIMULATION', `${what}; ${instead}`);
  }
}
