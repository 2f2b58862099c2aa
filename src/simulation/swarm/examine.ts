import { type ExperimentOptions, type ExperimentResult, experiment } from '../experiment.ts';
import type { ExperimentRecord } from '../storm-record.ts';
import { Violation } from '../violation.ts';

/** What a seed has come to. */
export interface Verdict {
  readonly seed: number;
  /** Undefined where something was broken. */
  readonly result: ExperimentResult | undefined;
  readonly failure: Failure | undefined;
}

/** What was broken, and what led to it. */
export interface Failure {
  /** The invariant, in a few words; `error` where something threw that must not. */
  readonly invariant: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** The last steps before it was seen, in their order. */
  readonly lastSteps: readonly ExperimentRecord[];
}

const STEPS_MAX = 24;
/** What shows in what comes of it. */
const SHOWN_BY_OTHERS: readonly ExperimentRecord['event'][] = [
  'turn',
  'timer',
  'send',
  'state',
  'begin',
  'strike',
  'struck',
  'calm',
];

/** Runs an experiment; and where it fails, runs it again, to know what led to that. */
export async function examine(options: Omit<ExperimentOptions, 'trace'>): Promise<Verdict> {
  const { seed } = options;
  let error: unknown;
  try {
    return { seed, result: await experiment(options), failure: undefined };
  } catch (thrown) {
    error = thrown;
  }
  const steps: ExperimentRecord[] = [];
  const trace = (record: ExperimentRecord) => {
    if (SHOWN_BY_OTHERS.includes(record.event)) return;
    steps.push(record);
    if (steps.length > STEPS_MAX) steps.shift();
  };
  let again: unknown;
  await experiment({ ...options, trace }).catch((thrown: unknown) => {
    again = thrown;
  });
  const failure = again === undefined ? differs(error) : failureOf(error, steps);
  return { seed, result: undefined, failure };
}

/** What it means that an experiment threw this. */
export function failureOf(error: unknown, lastSteps: readonly ExperimentRecord[]): Failure {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  return { invariant: error instanceof Violation ? error.invariant : 'error', message, stack, lastSteps };
}

/** The same seed must come to the same, watched or not. */
function differs(error: unknown): Failure {
  const { message } = failureOf(error, []);
  return failureOf(new Violation('determinism', `not so when it was run again: ${message}`), []);
}
