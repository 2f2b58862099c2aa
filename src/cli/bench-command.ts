import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { SingleBar } from 'cli-progress';
import Table from 'cli-table3';
import { Command } from 'commander';
import type { JournalKind } from '../../actors/memory.ts';
import { makeFolder } from '../../actors/threads/make-folder.ts';
import { BENCH_OPERATIONS, type BenchOperation, type BenchRow, bench } from '../bench/bench.ts';
import {
  benchEventual,
  EVENTUAL_OPERATIONS,
  type EventualBenchRow,
  type EventualOperation,
  type WorkloadRow,
} from '../bench/eventual-bench.ts';
import { benchSimulation, type SimulationRow } from '../bench/simulation-bench.ts';
import { TRANSACTION_NODES_MIN } from '../cluster/create-transaction-cluster.ts';
import { PROTOCOL_NAMES, type ProtocolName } from '../cluster/protocols.ts';
import { COORDINATOR_KINDS, type CoordinatorKind } from '../cluster/transaction-cluster.ts';
import { WORKLOAD_DEFAULTS, WORKLOAD_TOPOLOGIES, type WorkloadTopology } from '../scenario/store-workload.ts';
import { temporaryFolder } from '../scenario/temporary-folder.ts';
import { EXIT_OK, UsageError } from './exit-status.ts';
import { interruptible } from './interruption.ts';
import { journalOption } from './journal-option.ts';

const IN_FLIGHT_MAX = 65_536;
const SECONDS_MAX = 3600;
const ROUNDS_MAX = 1000;
const NODES_MAX = 25;
const COMMANDS_MAX = 1_000_000;
const VALUE_BYTES_MAX = 256 * 1024;

const BENCH_PROTOCOLS = [...PROTOCOL_NAMES, '2pc', 'eventual'] as const;
type BenchProtocol = (typeof BENCH_PROTOCOLS)[number];
/** Of a protocol that replicates a log. */
type LogOperation = BenchOperation | 'simulation';
type AnyOperation = LogOperation | EventualOperation;
type AnyRow = BenchRow | EventualBenchRow | SimulationRow;

interface BenchArguments {
  readonly protocol: readonly BenchProtocol[];
  readonly coordinator?: readonly CoordinatorKind[];
  readonly nodes?: number;
  readonly journal: JournalKind;
  readonly operations?: readonly AnyOperation[];
  readonly topologies: readonly WorkloadTopology[];
  readonly commands: readonly number[];
  readonly valueBytes: readonly number[];
  readonly inFlight: readonly number[];
  readonly seconds: number;
  readonly rounds: number;
  readonly data?: string;
  readonly json: boolean;
}

const LOG_OPERATIONS: readonly LogOperation[] = [...BENCH_OPERATIONS, 'simulation'];
const ALL_OPERATIONS: readonly AnyOperation[] = [...LOG_OPERATIONS, 'workload'];
/** Measured where they are asked for. */
const NOT_BY_DEFAULT: readonly AnyOperation[] = ['failover', 'simulation'];
const OPERATIONS: Readonly<Record<BenchProtocol, readonly AnyOperation[]>> = {
  paxos: LOG_OPERATIONS,
  raft: LOG_OPERATIONS,
  // Nobody but node 0 leads.
  '2pc': ['write', 'read'],
  eventual: EVENTUAL_OPERATIONS,
};

/** `synod bench`: how fast a cluster is on this machine. */
export function benchCommand(ending: (status: number) => void): Command {
  return new Command('bench')
    .description(
      'Measure durable writes and reads: 16-byte keys, 100-byte values, a closed loop; and what each costs in messages ' +
        'between nodes and flushes of journals. Of the eventual store, also workloads, as `synod generate` writes them.',
    )
    .option('--protocol <list>', `of ${BENCH_PROTOCOLS.join(', ')}`, listOf('--protocol', BENCH_PROTOCOLS), [
      'paxos',
    ] as const)
    .option(
      '--coordinator <list>',
      `of 2pc: of ${COORDINATOR_KINDS.join(', ')}; single by default`,
      listOf('--coordinator', COORDINATOR_KINDS),
    )
    .option(
      '--nodes <number>',
      'how many nodes; 3, 4 with 2pc, or 5 of the eventual store',
      wholeNumber('--nodes', NODES_MAX),
    )
    .addOption(journalOption())
    .option(
      '--operations <list>',
      `of ${ALL_OPERATIONS.join(', ')} (eventual); all but ${NOT_BY_DEFAULT.join(' and ')} by default`,
      listOf('--operations', ALL_OPERATIONS),
    )
    .option(
      '--in-flight <list>',
      'operations under way at once',
      numberList('--in-flight', IN_FLIGHT_MAX),
      [1, 16, 64, 256, 1024],
    )
    .option('--seconds <number>', 'how long each round measures', wholeNumber('--seconds', SECONDS_MAX), 5)
    .option('--rounds <number>', 'rounds; their median counts', wholeNumber('--rounds', ROUNDS_MAX), 3)
    .option(
      '--topologies <list>',
      `of workloads: ${WORKLOAD_TOPOLOGIES.join(', ')}`,
      listOf('--topologies', WORKLOAD_TOPOLOGIES),
      WORKLOAD_TOPOLOGIES,
    )
    .option('--commands <list>', 'of workloads: how long', numberList('--commands', COMMANDS_MAX), [
      WORKLOAD_DEFAULTS.commands,
    ])
    .option('--value-bytes <list>', 'of workloads', numberList('--value-bytes', VALUE_BYTES_MAX), [
      WORKLOAD_DEFAULTS.valueBytes,
    ])
    .option('--data <folder>', 'measure on the disk of this folder, instead of the one for temporary files')
    .option('--json', 'a JSON line for each row', false)
    .action(async (options: BenchArguments) => {
      ending(await interruptible((signal) => runBench(options, signal)));
    });
}

async function runBench(options: BenchArguments, signal: AbortSignal): Promise<number> {
  const { journal, data } = options;
  if (journal === 'memory' && data !== undefined)
    throw new UsageError('--data goes with --journal lmdb; in memory there is no disk to measure');
  if (options.protocol.includes('2pc') && (options.nodes ?? TRANSACTION_NODES_MIN) < TRANSACTION_NODES_MIN)
    throw new UsageError('--protocol 2pc takes --nodes 2 or more: a leader and its followers');
  if (!options.protocol.includes('2pc') && options.coordinator !== undefined)
    throw new UsageError('--coordinator goes with --protocol 2pc');
  for (const protocol of options.protocol) operationsOf(protocol, options.operations);
  const disk = resolve(data ?? tmpdir());
  makeFolder(disk);
  await using folder = await temporaryFolder(disk);
  using bar = progressBar();
  const rows: AnyRow[] = [];
  const systems = options.protocol.flatMap((protocol): MeasuredKind[] =>
    protocol === '2pc'
      ? (options.coordinator ?? ['single' as const]).map((coordinator) => ({ protocol, coordinator }))
      : [{ protocol }],
  );
  for (const [place, system] of systems.entries()) {
    const progress = (what: string, done: number) =>
      bar.tell(`${nameOf(system)}: ${what}`, (place + done) / systems.length);
    const dataDir = join(folder.path, String(place));
    makeFolder(dataDir);
    for await (const row of rowsOf(system, options, { dataDir, signal, progress })) {
      if (options.json) process.stdout.write(`${JSON.stringify(row)}\n`);
      rows.push(row);
    }
  }
  bar[Symbol.dispose]();
  if (!options.json) process.stdout.write(drawRows(rows));
  return EXIT_OK;
}

/** A system to be measured. */
interface MeasuredKind {
  readonly protocol: BenchProtocol;
  /** Of 2pc. */
  readonly coordinator?: CoordinatorKind;
}

function nameOf({ protocol, coordinator }: MeasuredKind): string {
  return coordinator === 'replicated' ? `${protocol}, replicated` : protocol;
}

function rowsOf(
  { protocol, coordinator }: MeasuredKind,
  { operations, nodes, coordinator: _, topologies, commands, valueBytes, ...options }: BenchArguments,
  surroundings: Pick<Parameters<typeof bench>[0], 'dataDir' | 'signal' | 'progress'>,
): AsyncGenerator<AnyRow> {
  const all = { ...options, ...surroundings };
  if (protocol !== 'eventual') {
    const plan = {
      ...all,
      ...(coordinator === undefined ? {} : { coordinator }),
      nodes: nodes ?? (protocol === '2pc' ? 4 : 3),
    };
    const asked = operationsOf(protocol, operations);
    const measured = asked.filter((operation) => operation !== 'simulation');
    return protocol === '2pc' || measured.length === asked.length
      ? bench({ ...plan, protocol, operations: measured })
      : rowsWithSimulation(protocol, { ...plan, operations: measured });
  }
  const workloads = topologies.flatMap((topology) =>
    commands.flatMap((count) =>
      valueBytes.map((bytes) => ({ topology, commands: count, valueBytes: bytes })),
    ),
  );
  return benchEventual({
    ...all,
    nodes: nodes ?? WORKLOAD_DEFAULTS.servers,
    operations: operationsOf(protocol, operations),
    workloads,
  });
}

async function* rowsWithSimulation(
  protocol: ProtocolName,
  plan: Omit<Parameters<typeof bench>[0], 'protocol'>,
): AsyncGenerator<AnyRow> {
  if (plan.operations.length > 0) yield* bench({ ...plan, protocol });
  yield* benchSimulation(protocol, plan);
}

/** What is to be measured of a protocol. @throws UsageError where it cannot be. */
function operationsOf(
  protocol: 'eventual',
  asked: BenchArguments['operations'],
): readonly EventualOperation[];
function operationsOf(protocol: BenchProtocol, asked: BenchArguments['operations']): readonly LogOperation[];
function operationsOf(protocol: BenchProtocol, asked: BenchArguments['operations']): readonly AnyOperation[] {
  const known = OPERATIONS[protocol];
  const unknown = asked?.find((operation) => !known.includes(operation));
  if (unknown !== undefined)
    throw new UsageError(`--operations: ${protocol} has no ${unknown}; it has ${known.join(', ')}`);
  return asked ?? known.filter((operation) => !NOT_BY_DEFAULT.includes(operation));
}

/** A bar on a terminal, nothing elsewhere. */
function progressBar(): Disposable & { tell(what: string, done: number): void } {
  if (process.stderr.isTTY !== true) return { tell: () => {}, [Symbol.dispose]: () => {} };
  const bar = new SingleBar({
    format: '{bar} {percentage}%  {what}',
    clearOnComplete: true,
    hideCursor: true,
    stream: process.stderr,
  });
  bar.start(1000, 0, { what: '' });
  return {
    tell: (what, done) => bar.update(Math.floor(done * 1000), { what }),
    [Symbol.dispose]: () => bar.stop(),
  };
}

function drawRows(rows: readonly AnyRow[]): string {
  const style = { head: [], border: [] };
  const rates = new Table({
    head: ['protocol', 'operation', 'in flight', 'per second', 'p50 ms', 'p99 ms', 'messages', 'flushes'],
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right', 'right', 'right'],
    style,
  });
  const failovers = new Table({
    head: ['protocol', 'leader killed, in flight', 'median ms', 'worst ms'],
    colAligns: ['left', 'right', 'right', 'right'],
    style,
  });
  const workloads = new Table({
    head: [
      'protocol',
      'workload',
      'commands',
      'value bytes',
      'in flight',
      'puts per second',
      's',
      'stabilizes in ms',
    ],
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right', 'right', 'right'],
    style,
  });
  const simulations = new Table({
    head: ['protocol', 'virtual minute of nodes', 'median ms', 'best ms', 'processor ms'],
    colAligns: ['left', 'right', 'right', 'right', 'right'],
    style,
  });
  for (const row of rows) {
    if (row.operation === 'simulation') {
      const figures = [row.medianMs, row.bestMs, row.cpuMs].map((ms) => ms.toFixed(0));
      simulations.push([row.protocol, row.nodes, ...figures]);
    } else if (row.operation === 'workload') {
      workloads.push(cellsOf(row));
    } else if (row.operation === 'failover') {
      failovers.push([row.protocol, row.inFlight, row.medianMs.toFixed(0), row.worstMs.toFixed(0)]);
    } else {
      const { operation, inFlight, perSecond, p50Ms, p99Ms, messages, flushes } = row;
      rates.push([
        nameOf(row),
        operation,
        inFlight,
        perSecond.toLocaleString('en-US'),
        p50Ms.toFixed(2),
        p99Ms.toFixed(2),
        messages.toFixed(2),
        flushes.toFixed(2),
      ]);
    }
  }
  return [rates, failovers, workloads, simulations]
    .filter((table) => table.length > 0)
    .map((table) => `${table.toString()}\n`)
    .join('');
}

function cellsOf(row: WorkloadRow): (string | number)[] {
  const { protocol, topology, commands, valueBytes, inFlight, perSecond, seconds, stabilizeMs } = row;
  const [count, bytes, most, rate] = [commands, valueBytes, inFlight, perSecond].map((n) =>
    n.toLocaleString('en-US'),
  );
  return [protocol, topology, count!, bytes!, most!, rate!, seconds.toFixed(1), stabilizeMs];
}

function listOf<Name extends string>(
  option: string,
  names: readonly Name[],
): (text: string) => readonly Name[] {
  return (text) =>
    text.split(',').map((spelled) => {
      const name = names.find((known) => known === spelled.trim());
      if (name === undefined) throw new UsageError(`${option}: "${spelled}" is none of ${names.join(', ')}`);
      return name;
    });
}

function numberList(option: string, max: number): (text: string) => readonly number[] {
  return (text) => text.split(',').map(wholeNumber(option, max));
}

function wholeNumber(option: string, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= 1 && value <= max) return value;
    throw new UsageError(`${option} must be a whole number from 1 to ${max}, not "${text}"`);
  };
}
