import type { RunOutcome, SimulatedRun } from '../traces/trace.ts';
import { TraceFile } from '../traces/trace-file.ts';
import { experiment } from './experiment.ts';
import { failureOf } from './swarm/examine.ts';
import { loadProtocol } from './swarm/load-protocol.ts';
import type { Instrument } from './watch/instrumented-program.ts';

/** What is to be run, and recorded. */
export interface RecordOptions extends Omit<SimulatedRun, 'world'> {
  /** Changes to the programs of its nodes. They do not stand in the trace: who replays it gives them again. */
  readonly instruments?: readonly Instrument[];
  /** Ends it; the trace counts as cut off then. */
  readonly signal?: AbortSignal;
}

/**
 * Runs an experiment, and writes its trace. Gives what became of it, which stands in the trace, too; what is violated is
 * not thrown. @throws BadOptionError, TraceFailedError when the file cannot be written; the reason of `signal`.
 */
export async function recordExperiment(file: string, options: RecordOptions): Promise<RunOutcome> {
  const { instruments = [], signal, ...run } = options;
  const protocol = await loadProtocol(run.protocol);
  using trace = new TraceFile(file, { world: 'simulated', ...run });
  const running = experiment({
    ...run,
    protocol,
    instruments,
    trace: (record) => {
      signal?.throwIfAborted();
      trace.write(record);
    },
  });
  const outcome = await outcomeOf(running);
  signal?.throwIfAborted();
  trace.close(outcome);
  return outcome;
}

/** What an experiment comes to. */
export async function outcomeOf(running: Promise<unknown>): Promise<RunOutcome> {
  try {
    await running;
    return { violated: false };
  } catch (error) {
    const { invariant, message } = failureOf(error, []);
    return { violated: true, invariant, message };
  }
}
