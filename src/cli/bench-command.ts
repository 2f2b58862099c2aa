import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { SingleBar } from 'cli-progress';
import Table from 'cli-table3';
import { Command } from 'commander';
import type { JournalKind } from '../../actors/memory.ts';
import { makeFolder } from '../../actors/threads/make-folder.ts';
import { BENCH_OPERATIONS, type BenchOperation, type BenchRow, bench } from '../bench/bench.ts';
import { PROTOCOL_NAMES, type ProtocolName } from '../cluster/protocols.ts';
import { temporaryFolder } from '../scenario/temporary-folder.ts';
import { EXIT_OK, UsageError } from './exit-status.ts';
import { interruptible } from './interruption.ts';
import { journalOption } from './journal-option.ts';

const IN_FLIGHT_MAX = 65_536;
const SECONDS_MAX = 3600;
const ROUNDS_MAX = 1000;
const NODES_MAX = 25;

interface BenchArguments {
  readonly protocol: readonly ProtocolName[];
  readonly nodes: number;
  readonly journal: JournalKind;
  readonly operations: readonly BenchOperation[];
  readonly inFlight: readonly number[];
  readonly seconds: number;
  readonly rounds: number;
  readonly data?: string;
  readonly json: boolean;
}

/** `synod bench`: how fast a cluster is on this machine. */
export function benchCommand(ending: (status: number) => void): Command {
  return new Command('bench')
    .description(
      'Measure durable writes and linearizable reads: 16-byte keys, 100-byte values, a closed loop.',
    )
    .option('--protocol <list>', `of ${PROTOCOL_NAMES.join(', ')}`, protocolList, ['paxos'] as const)
    .option('--nodes <number>', 'how many nodes', wholeNumber('--nodes', NODES_MAX), 3)
    .addOption(journalOption())
    .option('--operations <list>', `of ${BENCH_OPERATIONS.join(', ')}`, operationList, [
      'write',
      'read',
    ] as const)
    .option('--in-flight <list>', 'operations under way at once', inFlightList, [1, 16, 64, 256, 1024])
    .option('--seconds <number>', 'how long each round measures', wholeNumber('--seconds', SECONDS_MAX), 5)
    .option('--rounds <number>', 'rounds; their median counts', wholeNumber('--rounds', ROUNDS_MAX), 3)
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
  const disk = resolve(data ?? tmpdir());
  makeFolder(disk);
  await using folder = await temporaryFolder(disk);
  using bar = progressBar();
  const rows: BenchRow[] = [];
  for (const [place, protocol] of options.protocol.entries()) {
    const progress = (what: string, done: number) =>
      bar.tell(`${protocol}: ${what}`, (place + done) / options.protocol.length);
    const dataDir = join(folder.path, protocol);
    makeFolder(dataDir);
    for await (const row of bench({ ...options, protocol, dataDir, signal, progress })) {
      if (options.json) process.stdout.write(`${JSON.stringify(row)}\n`);
      rows.push(row);
    }
  }
  bar[Symbol.dispose]();
  if (!options.json) process.stdout.write(drawRows(rows));
  return EXIT_OK;
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

function drawRows(rows: readonly BenchRow[]): string {
  const style = { head: [], border: [] };
  const rates = new Table({
    head: ['protocol', 'operation', 'in flight', 'per second', 'p50 ms', 'p99 ms'],
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right'],
    style,
  });
  const failovers = new Table({
    head: ['protocol', 'leader killed, in flight', 'median ms', 'worst ms'],
    colAligns: ['left', 'right', 'right', 'right'],
    style,
  });
  for (const row of rows) {
    if (row.operation === 'failover') {
      failovers.push([row.protocol, row.inFlight, row.medianMs.toFixed(0), row.worstMs.toFixed(0)]);
    } else {
      const { protocol, operation, inFlight, perSecond, p50Ms, p99Ms } = row;
      rates.push([
        protocol,
        operation,
        inFlight,
        perSecond.toLocaleString('en-US'),
        p50Ms.toFixed(2),
        p99Ms.toFixed(2),
      ]);
    }
  }
  return [rates, failovers]
    .filter((table) => table.length > 0)
    .map((table) => `${table.toString()}\n`)
    .join('');
}

function operationList(text: string): readonly BenchOperation[] {
  return text.split(',').map((name) => {
    const operation = BENCH_OPERATIONS.find((known) => known === name.trim());
    if (operation === undefined)
      throw new UsageError(`--operations: "${name}" is none of ${BENCH_OPERATIONS.join(', ')}`);
    return operation;
  });
}

function protocolList(text: string): readonly ProtocolName[] {
  return text.split(',').map((name) => {
    const protocol = PROTOCOL_NAMES.find((known) => known === name.trim());
    if (protocol === undefined)
      throw new UsageError(`--protocol: "${name}" is none of ${PROTOCOL_NAMES.join(', ')}`);
    return protocol;
  });
}

function inFlightList(text: string): readonly number[] {
  return text.split(',').map(wholeNumber('--in-flight', IN_FLIGHT_MAX));
}

function wholeNumber(option: string, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= 1 && value <= max) return value;
    throw new UsageError(`${option} must be a whole number from 1 to ${max}, not "${text}"`);
  };
}
