import type { JournalKind } from '../../actors/memory.ts';
import type { Strengths } from '../simulation/faults/index.ts';
import type { ExperimentRecord } from '../simulation/storm-record.ts';

/*
 * A trace, as it stands in a file: a line that says what was run, a line for each event, and one that closes it
 * (docs/traces.md).
 */

/** The form of traces that this version writes, and reads. */
export const TRACE_VERSION = 1;

/** An experiment: enough to run it again. */
export interface SimulatedRun {
  readonly world: 'simulated';
  /** The name of a protocol, or the URL of a module that exports one as `protocol`. */
  readonly protocol: string;
  readonly seed: number;
  /** What was not left to the seed. */
  readonly nodes?: number;
  readonly faults?: Strengths;
  readonly stormMs?: number;
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** A cluster on threads, which never runs the same way again. */
export interface ThreadRun {
  readonly world: 'threads';
  readonly protocol: string;
  /** Those that it was started with. */
  readonly nodes: readonly string[];
  readonly journal: JournalKind;
}

/** The first line of a trace. */
export interface TraceHeader {
  readonly trace: 'synod';
  readonly version: typeof TRACE_VERSION;
  /** The version of the program that wrote it. */
  readonly program: string;
  readonly run: SimulatedRun | ThreadRun;
}

/** What became of a run. */
export type RunOutcome =
  | { readonly violated: false }
  /** The invariant, in a few words; `error` where something threw that must not. */
  | { readonly violated: true; readonly invariant: string; readonly message: string };

/** One event: of an experiment, or of a cluster on threads, which knows fewer kinds of them. */
export type TraceFileRecord = ExperimentRecord;

/** A whole trace. */
export interface Trace {
  /** As messages call it. */
  readonly file: string;
  readonly header: TraceHeader;
  /** Event n, counted from 1, is on line n + 1. */
  readonly records: readonly TraceFileRecord[];
  readonly outcome: RunOutcome;
}
