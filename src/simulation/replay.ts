import type { ActorView } from '../../actors/node.ts';
import { BadTraceError, NotReplayableError } from '../traces/errors.ts';
import type { RunOutcome, SimulatedRun, Trace } from '../traces/trace.ts';
import { experiment, type RecordedExperiment } from './experiment.ts';
import { outcomeOf } from './record.ts';
import { type ExperimentRecord, stormOf } from './storm-record.ts';
import { loadProtocol } from './swarm/load-protocol.ts';
import type { System } from './system.ts';
import type { Instrument } from './watch/instrumented-program.ts';

export interface ReplayOptions {
  /** Another protocol than the one that was recorded: its name, or the URL of a module. */
  readonly protocol?: string;
  /** Those that the run was recorded with, for they do not stand in the trace. */
  readonly instruments?: readonly Instrument[];
  /** It ends with the step in which the event of this number happens. */
  readonly until?: number;
  readonly signal?: AbortSignal;
}

/** What happened in the place of what was recorded. */
export interface Departure {
  /** The number of the event, counted from 1; it is on line n + 1 of the trace. */
  readonly n: number;
  /** Undefined where the recorded run had ended. */
  readonly recorded: ExperimentRecord | undefined;
  /** Undefined where this run had ended. */
  readonly now: ExperimentRecord | undefined;
}

/** What became of a replay. */
export type Replayed = {
  /** How many events were the same. */
  readonly events: number;
  /** When it ended, in ms of virtual time. */
  readonly endMs: number;
  /** The actors of each node at the end, by its name. */
  readonly actors: ReadonlyMap<string, readonly ActorView[]>;
} & (
  | { readonly kind: 'same'; readonly outcome: RunOutcome }
  /** Every event was the same, but what came of them. */
  | { readonly kind: 'differs'; readonly recorded: RunOutcome; readonly outcome: RunOutcome }
  | { readonly kind: 'departs'; readonly departure: Departure }
  /** As far as it was to go, everything was the same. */
  | { readonly kind: 'stopped' }
);

/** Thrown to end an experiment of which enough was seen. */
class Enough extends Error {}

/**
 * Runs an experiment again: with the faults that were drawn, and each strike where it was, with the numbers that it drew;
 * what else is left to chance is by the seed. Every event is compared with the recorded one, and the first that is
 * another ends it.
 * @throws NotReplayableError for a trace from threads.
 */
export async function replay(trace: Trace, options: ReplayOptions = {}): Promise<Replayed> {
  const { until = Number.POSITIVE_INFINITY, instruments = [], signal } = options;
  const { run, recorded, records } = simulatedIn(trace);
  const protocol = await loadProtocol(options.protocol ?? run.protocol);
  let events = 0;
  let departure: Departure | undefined;
  let endMs = 0;
  let actors: ReadonlyMap<string, readonly ActorView[]> = new Map();
  const compare = (now: ExperimentRecord) => {
    signal?.throwIfAborted();
    if (departure !== undefined) return;
    const expected = records[events];
    if (expected === undefined || JSON.stringify(expected) !== JSON.stringify(now)) {
      departure = { n: events + 1, recorded: expected, now };
      throw new Enough('it departs');
    }
    events += 1;
    if (events >= until) throw new Enough('it was to go no further');
  };
  const outcome = await outcomeOf(
    experiment({
      ...run,
      protocol,
      instruments,
      recorded,
      trace: compare,
      look: ({ host }: System) => {
        endMs = host.clock.now();
        actors = new Map(host.nodes.map((node) => [node, host.actorsOf(node)]));
      },
    }),
  );
  signal?.throwIfAborted();
  const seen = { events, endMs, actors };
  // What a call back has assigned.
  const found = departure as Departure | undefined;
  if (found !== undefined) return { ...seen, kind: 'departs', departure: found };
  if (events >= until) return { ...seen, kind: 'stopped' };
  const next = records[events];
  if (next !== undefined)
    return { ...seen, kind: 'departs', departure: { n: events + 1, recorded: next, now: undefined } };
  if (!isSame(outcome, trace.outcome)) return { ...seen, kind: 'differs', recorded: trace.outcome, outcome };
  return { ...seen, kind: 'same', outcome };
}

interface SimulatedTrace {
  readonly run: SimulatedRun & { readonly nodes: number };
  readonly recorded: RecordedExperiment;
  readonly records: readonly ExperimentRecord[];
}

function simulatedIn({ file, header: { run }, records }: Trace): SimulatedTrace {
  if (run.world !== 'simulated') throw new NotReplayableError(file);
  const [begin] = records;
  if (begin?.event !== 'begin')
    throw new BadTraceError(file, 2, 'an experiment begins with what its seed drew');
  const { nodes, faults } = begin;
  return { run: { ...run, nodes }, recorded: { faults, storm: stormOf(records) }, records };
}

/** Of what was thrown that must not be, the place in the program may have moved. */
function isSame(outcome: RunOutcome, recorded: RunOutcome): boolean {
  if (!outcome.violated || !recorded.violated) return outcome.violated === recorded.violated;
  const [first, other] = [outcome, recorded].map(({ message }) => message.split('\n', 1)[0]);
  return outcome.invariant === recorded.invariant && first === other;
}
