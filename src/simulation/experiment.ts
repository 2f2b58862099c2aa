import { SimulationLimitError } from '../../actors/simulated/index.ts';
import { derivedRandom } from '../../actors/simulated/seed.ts';
import { drawFaults, drawWorld } from './draw.ts';
import { Drive } from './drive.ts';
import type { Strengths } from './faults/index.ts';
import { Storm } from './storm.ts';
import type { ExperimentRecord, RecordedStorm } from './storm-record.ts';
import type { SimulatedProtocol, System } from './system.ts';
import { Violation } from './violation.ts';
import type { Instrument } from './watch/instrumented-program.ts';
import type { Witness } from './watch/witness.ts';

export interface ExperimentOptions {
  readonly protocol: SimulatedProtocol;
  /** Decides everything. */
  readonly seed: number;
  /** Faults that are not left to the seed: on, up to this strength, or, where that is 0, off. */
  readonly faults?: Strengths;
  /** How many nodes; drawn otherwise. */
  readonly nodes?: number;
  /** How long faults strike, in ms of virtual time; 1,000 by default. */
  readonly stormMs?: number;
  /** Bounds and times of the protocol that are not to be left to chance. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly instruments?: readonly Instrument[];
  /** Receives everything that happens, as it happens. What it throws is taken for something broken, and ends the experiment. */
  readonly trace?: (record: ExperimentRecord) => void;
  /** What another experiment had drawn, and did: to be done again, whatever the seed would have by now. */
  readonly recorded?: RecordedExperiment;
  /** Is shown the system at the end, whatever that was. */
  readonly look?: (system: System) => void;
}

/** What an experiment leaves to chance, for another one to do the same. */
export interface RecordedExperiment {
  readonly faults: Strengths;
  readonly storm: RecordedStorm;
}

/** What became of an experiment in which nothing was broken. */
export interface ExperimentResult {
  readonly seed: number;
  readonly nodes: number;
  /** Those that were on, and how strong. */
  readonly faults: Strengths;
  /** How often something struck. */
  readonly struck: number;
  /** How long all that was asked for took, once everything was well again, in ms of virtual time. */
  readonly recoveryMs: number;
  /** When it ended, in ms of virtual time. */
  readonly endMs: number;
  readonly counts: Readonly<Record<string, number>>;
}

export const STORM_MS = 1000;
const START_MS_MAX = 20_000;

/**
 * One life of a system. Clients work while faults strike; then all is well, and everything asked for must be done within
 * a bound of virtual time. Then one node starts again, and then the power fails everywhere at once (or, where that
 * costs memory, everywhere in turn), and everything must still be there. One seed decides all of it.
 *
 * @throws Violation; what a role or a client threw that it must not throw.
 */
export async function experiment(options: ExperimentOptions): Promise<ExperimentResult> {
  const { protocol, seed, settings = {}, instruments = [] } = options;
  const random = derivedRandom(seed, 'experiment');
  const faults = options.recorded?.faults ?? drawFaults(seed, protocol.faults, options.faults ?? {});
  const sizes = protocol.sizes(faults);
  const drawn = sizes[random.integer(0, sizes.length - 1)]!;
  const nodes = Array.from({ length: options.nodes ?? drawn }, (_, node) => String(node));
  // Now fault upon fault, now each with time to show what follows from it.
  const calmMsMax = random.next() < 0.4 ? 600 : random.integer(5, 150);
  const doomed = new Set<string>();
  // How a system is taken down is no part of what happened.
  let trace = options.trace;
  let witness: Witness | undefined;
  const tell = (record: ExperimentRecord) => {
    try {
      trace?.(record);
    } catch (error) {
      witness?.note(error);
    }
  };
  tell({ atMs: 0, event: 'begin', nodes: nodes.length, faults });
  await using system = protocol.create({
    seed,
    nodes,
    faults,
    world: {
      seed,
      ...drawWorld(seed, faults),
      ...(trace === undefined ? {} : { trace: tell }),
    },
    doomed,
    settings,
    instruments,
  });
  witness = system.witness;
  const drive = new Drive(system.host, system.witness);
  const storm = new Storm({
    system,
    drive,
    random: derivedRandom(seed, 'storm'),
    faults,
    steps: protocol.steps,
    doomed,
    recorded: options.recorded?.storm,
    tell: (event) => tell({ atMs: system.host.clock.now(), ...event }),
  });
  try {
    const recoveryMs = await live({ options, system, drive, storm, faults, calmMsMax });
    const { struck } = storm;
    const endMs = system.host.clock.now();
    return { seed, nodes: nodes.length, faults, struck, recoveryMs, endMs, counts: system.counts };
  } finally {
    options.look?.(system);
    trace = undefined;
  }
}

interface Life {
  readonly options: ExperimentOptions;
  readonly system: System;
  readonly drive: Drive;
  readonly storm: Storm;
  readonly faults: Strengths;
  readonly calmMsMax: number;
}

/** From the start of a system to its last check; gives how long it took to recover, in ms. */
async function live({ options, system, drive, storm, faults, calmMsMax }: Life): Promise<number> {
  const { protocol, stormMs = STORM_MS } = options;
  const { clock } = system.host;
  await within(drive, system.start(), START_MS_MAX, 'all nodes start');
  await within(drive, system.work(), START_MS_MAX, 'clients begin to work');
  await storm.rage(stormMs, calmMsMax);
  await storm.end();
  await storm.mend();

  const calmMs = clock.now();
  const soon: Soon = (promise, what) => within(drive, promise, protocol.recoveryMsMax, what);
  await soon(system.finish(), 'everything that was asked for is done');
  const recoveryMs = clock.now() - calmMs;
  const look = () => soon(system.atRest(), 'a system at rest answers');
  await look();
  if (system.exercise !== undefined) await soon(system.exercise(), 'everything works in peace');
  const before = await look();
  if (system.peace !== undefined) await soon(system.peace(), 'there is peace');
  await endAndRestart(system, storm, faults, soon, look);
  if ((await look()) !== before)
    throw new Violation('nothing is lost', 'the power failed, and this is no longer as it was');
  await soon(system.judge(), 'a history is judged');
  return recoveryMs;
}

/** Waits for something as long as recovery may take. */
type Soon = <Result>(promise: Promise<Result>, what: string) => Promise<Result>;

async function endAndRestart(
  system: System,
  storm: Storm,
  faults: Strengths,
  soon: Soon,
  look: () => Promise<string>,
): Promise<void> {
  const recovered = () => soon(system.recovered(), 'who has restarted does its part again');
  // One restarts, and nothing new is written that would bring it news of what was.
  await storm.perform('restart', async () => {
    const one = storm.someNode();
    await storm.crash(one);
    await storm.restart(one);
  });
  await look();
  await recovered();
  const isInTurn = faults.volatile !== undefined;
  for (const name of storm.nodes) {
    await storm.crash(name);
    if (!isInTurn) continue;
    await storm.mend();
    await recovered();
  }
  await storm.mend();
  await recovered();
}

/** Liveness: what must happen happens within a bound of virtual time. */
async function within<Result>(
  drive: Drive,
  promise: Promise<Result>,
  limitMs: number,
  what: string,
): Promise<Result> {
  try {
    return await drive.runWhile(promise, limitMs);
  } catch (error) {
    if (!(error instanceof SimulationLimitError)) throw error;
    throw new Violation('liveness', `not within ${limitMs} ms: ${what}`);
  }
}
