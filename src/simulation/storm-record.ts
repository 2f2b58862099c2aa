import type { TraceRecord } from '../../actors/simulated/index.ts';
import type { At } from '../../actors/trace.ts';
import type { Strengths } from './faults/index.ts';

/*
 * What a storm did, as it stands in a trace: enough for another storm to do the same again, whatever the seed would
 * have it do by then.
 */

/** Something is about to strike: `waitMs` after what was before, and so many events after that. */
export interface StrikeEvent {
  readonly event: 'strike';
  /** What it belongs to: a fault, or a step of the experiment (`nothing`: there was nothing to strike with). */
  readonly fault: string;
  /** Which of the strikes of that fault. */
  readonly kind: number;
  readonly waitMs: number;
  readonly steps: number;
}

/** It has struck; these are the numbers that it drew. */
export interface StruckEvent {
  readonly event: 'struck';
  readonly draws: readonly number[];
}

/** Faults strike no more; perhaps the power fails everywhere. */
export interface CalmEvent {
  readonly event: 'calm';
  readonly powerFails: boolean;
}

/** An experiment begins, with what its seed has drawn. */
export interface BeginEvent {
  readonly event: 'begin';
  readonly nodes: number;
  readonly faults: Strengths;
}

export type StormEvent = BeginEvent | StrikeEvent | StruckEvent | CalmEvent;

/** One thing that happened in an experiment. The same seed gives the same records, byte for byte as JSON. */
export type ExperimentRecord = TraceRecord | At<StormEvent>;

/** A strike, and what it drew. */
export interface RecordedStrike extends Omit<StrikeEvent, 'event'> {
  readonly draws: readonly number[];
}

/** What a storm did. */
export interface RecordedStorm {
  readonly strikes: readonly RecordedStrike[];
  /** Undefined where the experiment ended before. */
  readonly calm: CalmEvent | undefined;
  /** Strikes after that. */
  readonly afterwards: readonly RecordedStrike[];
}

/** Picks what a storm did from all that happened. */
export function stormOf(records: Iterable<ExperimentRecord>): RecordedStorm {
  const strikes: RecordedStrike[] = [];
  const afterwards: RecordedStrike[] = [];
  let calm: CalmEvent | undefined;
  let begun: StrikeEvent | undefined;
  for (const record of records) {
    if (record.event === 'strike') begun = record;
    else if (record.event === 'calm') calm = record;
    else if (record.event === 'struck' && begun !== undefined) {
      const { fault, kind, waitMs, steps } = begun;
      (calm === undefined ? strikes : afterwards).push({ fault, kind, waitMs, steps, draws: record.draws });
      begun = undefined;
    }
  }
  return { strikes, calm, afterwards };
}
