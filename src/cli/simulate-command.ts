import { Command } from 'commander';
import { FAULT_NAMES, FAULTS, type FaultName, type Strengths } from '../simulation/faults/index.ts';
import { SIMULATED_PROTOCOL_NAMES } from '../simulation/protocols/index.ts';
import { type RecordOptions, recordExperiment } from '../simulation/record.ts';
import type { Verdict } from '../simulation/swarm/examine.ts';
import { loadProtocol } from '../simulation/swarm/load-protocol.ts';
import type { SwarmSettings } from '../simulation/swarm/seeds-task.ts';
import { swarm } from '../simulation/swarm/swarm.ts';
import { EXIT_FAILED, EXIT_OK, UsageError } from './exit-status.ts';
import { interruptible } from './interruption.ts';
import { protocolReference } from './simulate-options.ts';
import { SimulateProgress } from './simulate-progress.ts';
import { showFailure, showResult, showTally, Tally } from './simulate-report.ts';

const NODES_MAX = 25;
const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000 } as const;

interface SimulateArguments {
  readonly protocol: string;
  readonly seeds?: number;
  readonly seedFrom: number;
  readonly seed?: number;
  readonly until?: number;
  readonly faults?: Strengths;
  readonly nodes?: number;
  readonly trace?: string;
  readonly json: boolean;
}

/** `synod simulate`: experiments by the thousand, each decided by its seed. */
export function simulateCommand(ending: (status: number) => void): Command {
  return new Command('simulate')
    .description(
      'Break simulated clusters by the thousand: a seed decides everything that happens in one. Status 1 where anything was violated.',
    )
    .option(
      '--protocol <name>',
      `${SIMULATED_PROTOCOL_NAMES.join(', ')}; or a module that exports one as "protocol"`,
      protocolReference,
      'paxos',
    )
    .option('--seeds <count>', 'how many seeds (default: 1000, or as many as --until has time for)', count)
    .option('--seed-from <number>', 'the first of them', seedNumber('--seed-from'), 1)
    .option('--seed <number>', 'this one alone, and tell what happened', seedNumber('--seed'))
    .option('--until <time>', 'no seed begins after so long: 90s, 10m, 2h', duration)
    .option(
      '--faults <list>',
      `these faults and no others, each perhaps with its greatest strength (loss=0.5): ${FAULT_NAMES.join(', ')}`,
      faultList,
    )
    .option('--nodes <number>', 'how many nodes (default: as the seed has it)', nodeCount)
    .option('--trace <file>', 'write the trace of the seed there; of many, that of the first that failed')
    .option('--json', 'a JSON line for each seed that failed, and one for all', false)
    .action(async (options: SimulateArguments) => {
      ending(await interruptible((signal) => simulate(options, signal)));
    });
}

async function simulate(options: SimulateArguments, signal: AbortSignal): Promise<number> {
  const { protocol, seed, seedFrom, until, faults, nodes, trace, json } = options;
  if (seed !== undefined && (options.seeds !== undefined || until !== undefined))
    throw new UsageError('--seed is one seed; it goes with neither --seeds nor --until');
  const settings: SwarmSettings = {
    protocol,
    ...(faults === undefined ? {} : { faults }),
    ...(nodes === undefined ? {} : { nodes }),
  };
  const { name } = await protocolOf(protocol);
  const again = (failed: number) => commandFor(options, failed);
  const print = (text: string) => process.stdout.write(`${text}\n`);
  const seeds = seed === undefined ? (options.seeds ?? (until === undefined ? 1000 : undefined)) : 1;
  const tally = new Tally(name);
  using progress = new SimulateProgress({ name, seeds, untilMs: until });
  let recorded = seed;
  const onVerdict = (verdict: Verdict) => {
    tally.add(verdict);
    if (verdict.failure !== undefined) recorded ??= verdict.seed;
    if (verdict.failure !== undefined) progress.aside(() => print(showFailure(verdict, again, json)));
    else if (seed !== undefined && verdict.result !== undefined)
      progress.aside(() => print(showResult(name, verdict.result!, json)));
    progress.tell(tally);
  };
  await swarm({
    ...settings,
    from: seed ?? seedFrom,
    ...(seeds === undefined ? {} : { count: seeds }),
    ...(until === undefined ? {} : { untilMs: until }),
    signal,
    onVerdict,
  });
  progress[Symbol.dispose]();
  if (seed === undefined) print(showTally(tally, json));
  if (trace !== undefined) await record(trace, { ...settings, seed: recorded, signal });
  return tally.violated === 0 ? EXIT_OK : EXIT_FAILED;
}

async function record(
  file: string,
  { seed, ...options }: Omit<RecordOptions, 'seed'> & { readonly seed: number | undefined },
): Promise<void> {
  if (seed === undefined) process.stderr.write(`synod: no seed failed, so ${file} was not written\n`);
  else await recordExperiment(file, { ...options, seed });
}

async function protocolOf(reference: string) {
  try {
    return await loadProtocol(reference);
  } catch (error) {
    throw new UsageError(`--protocol: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** What replays one seed. */
function commandFor({ protocol, faults, nodes }: SimulateArguments, seed: number): string {
  const parts = ['npx synod simulate --protocol', protocol, '--seed', String(seed)];
  if (faults !== undefined) {
    const on = FAULT_NAMES.filter((name) => (faults[name] ?? 0) > 0);
    parts.push('--faults', on.map((name) => nameAndStrength(name, faults[name]!)).join(','));
  }
  if (nodes !== undefined) parts.push('--nodes', String(nodes));
  return parts.join(' ');
}

function nameAndStrength(name: FaultName, strength: number): string {
  return strength === FAULTS[name].strengthMax ? name : `${name}=${strength}`;
}

function faultList(text: string): Strengths {
  const strengths: Partial<Record<FaultName, number>> = Object.fromEntries(
    FAULT_NAMES.map((name) => [name, 0]),
  );
  for (const part of text.split(',')) {
    const [name, strength] = part.trim().split('=');
    const known = FAULT_NAMES.find((fault) => fault === name);
    if (known === undefined) throw new UsageError(`--faults: "${name}" is none of ${FAULT_NAMES.join(', ')}`);
    const value = strength === undefined ? FAULTS[known].strengthMax : Number(strength);
    if (!(value > 0 && Number.isFinite(value)) || strength === '')
      throw new UsageError(`--faults: the strength of ${known} must be a number above 0, not "${strength}"`);
    strengths[known] = value;
  }
  return strengths;
}

function seedNumber(option: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isSafeInteger(value) && value >= 0) return value;
    throw new UsageError(`${option} must be a whole number of at least 0, not "${text}"`);
  };
}

function count(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new UsageError(`--seeds must be a whole number of at least 1, not "${text}"`);
}

function nodeCount(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= NODES_MAX) return value;
  throw new UsageError(`--nodes must be a whole number from 1 to ${NODES_MAX}, not "${text}"`);
}

function duration(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([smh])$/.exec(text.trim()) ?? [];
  const ms = Number(number) * UNIT_MS[unit as keyof typeof UNIT_MS];
  if (ms > 0) return ms;
  throw new UsageError(`--until must be a time such as 90s, 10m or 2h, not "${text}"`);
}
