import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JournalKind } from '../../actors/memory.ts';
import { makeFolder } from '../../actors/threads/make-folder.ts';
import type { EventualClient } from '../client/eventual-client.ts';
import { createCluster } from '../cluster/create-cluster.ts';
import type { EventualCluster } from '../cluster/eventual-cluster.ts';
import { EventualRun } from '../scenario/eventual-run.ts';
import { openOnThreads } from '../scenario/eventual-threads.ts';
import {
  type StoreCommand,
  type StoreWorkloadOptions,
  storeWorkload,
  WORKLOAD_DEFAULTS,
} from '../scenario/store-workload.ts';
import { ClosedLoop, type Measurement, type StartOperation } from './closed-loop.ts';
import { median, rounded } from './figures.ts';
import { makeWorkload, type Workload } from './workload.ts';

/** What can be measured of the eventually consistent store. */
export const EVENTUAL_OPERATIONS = ['write', 'read', 'workload'] as const;
export type EventualOperation = (typeof EVENTUAL_OPERATIONS)[number];

/** Puts of a workload that are under way at most: one at a time, and as `synod run` has them. */
const WORKLOAD_IN_FLIGHT = [1, 4096];
const WARM_UP_MS = 2000;
/** Each server's code is warm when it has seen so much: puts in flight for so long; of a short workload, so many times its puts. */
const WORKLOAD_WARM_UP = { ms: 5000, times: 5, inFlight: 40 };
const PROGRESS_MS = 200;

/** What is to be measured, and where. */
export interface EventualBenchOptions {
  /** Servers, and as many clients. */
  readonly nodes: number;
  readonly operations: readonly EventualOperation[];
  readonly inFlight: readonly number[];
  /** How long each round of writes or reads measures. */
  readonly seconds: number;
  readonly rounds: number;
  readonly workloads: readonly Pick<StoreWorkloadOptions, 'topology' | 'commands' | 'valueBytes'>[];
  readonly journal: JournalKind;
  /** The folder for the servers' data, on the disk to measure; it exists and is empty, and stays so with `memory`. */
  readonly dataDir: string;
  readonly signal: AbortSignal;
  /** Told what is going on, and which part of the whole is done, from 0 to 1. */
  progress(what: string, done: number): void;
}

/** Medians of the rounds: writes until all servers have them, or reads at the client's own server. */
export interface EventualRateRow extends Measurement {
  readonly protocol: 'eventual';
  readonly operation: 'write' | 'read';
  readonly inFlight: number;
  /** What an operation cost, all nodes together: messages between nodes, and flushes of journals. */
  readonly messages: number;
  readonly flushes: number;
}

/** A generated workload on servers that are warm: puts a second, from its first one until the servers have stabilized. */
export interface WorkloadRow {
  readonly protocol: 'eventual';
  readonly operation: 'workload';
  readonly topology: StoreWorkloadOptions['topology'];
  readonly commands: number;
  readonly valueBytes: number;
  readonly inFlight: number;
  readonly perSecond: number;
  readonly seconds: number;
  /** How long it took to stabilize after the last put was durable. */
  readonly stabilizeMs: number;
}

export type EventualBenchRow = EventualRateRow | WorkloadRow;

/** Measures stores of its own; yields each row as soon as it is known. */
export async function* benchEventual(options: EventualBenchOptions): AsyncGenerator<EventualBenchRow> {
  const { operations, inFlight, workloads, progress, signal } = options;
  // What makes no sense is said before anything starts.
  if (operations.includes('workload')) for (const workload of workloads) commandsOf(workload, options);
  const rates = operations.filter((operation) => operation !== 'workload');
  const runs = operations.includes('workload') ? workloads.length * WORKLOAD_IN_FLIGHT.length : 0;
  const rows = rates.length * inFlight.length + runs;
  let finished = 0;
  const tell = (what: string, part: number) => {
    signal.throwIfAborted();
    progress(what, (finished + part) / rows);
  };
  for (const operation of operations) {
    const some = operation === 'workload' ? workloadRows(options, tell) : rateRows(operation, options, tell);
    for await (const row of some) {
      finished++;
      yield row;
    }
  }
}

type Tell = (what: string, part: number) => void;

async function* rateRows(
  operation: 'write' | 'read',
  options: EventualBenchOptions,
  tell: Tell,
): AsyncGenerator<EventualRateRow> {
  const { nodes, inFlight, journal, dataDir, rounds, seconds } = options;
  tell('starting', 0);
  const folder = join(dataDir, operation);
  makeFolder(folder);
  await using cluster = await createCluster({
    protocol: 'eventual',
    nodes,
    ...(journal === 'memory' ? { journal } : { dataDir: folder }),
  });
  const clients = await Promise.all(cluster.nodes.map((node) => cluster.client({ node })));
  const workload = makeWorkload();
  if (operation === 'read') await fill(cluster, clients, workload, tell);
  const start = operationOf(operation, clients, workload);
  for (const level of inFlight) {
    const what = `${operation}, ${level} in flight`;
    await measureRound(cluster, start, level, WARM_UP_MS, options.signal, (part) =>
      tell(`${what}: warming up`, part / 10),
    );
    const measured: Round[] = [];
    const before = await cluster.tally();
    for (let round = 1; round <= rounds; round++) {
      measured.push(
        await measureRound(cluster, start, level, seconds * 1000, options.signal, (part) =>
          tell(`${what}: round ${round} of ${rounds}`, (round - 1 + part) / rounds),
        ),
      );
    }
    const after = await cluster.tally();
    const completed = measured.reduce((sum, round) => sum + round.completed, 0);
    yield {
      protocol: 'eventual',
      operation,
      inFlight: level,
      perSecond: Math.round(median(measured.map(({ perSecond }) => perSecond))),
      p50Ms: rounded(median(measured.map(({ p50Ms }) => p50Ms))),
      p99Ms: rounded(median(measured.map(({ p99Ms }) => p99Ms))),
      messages: rounded((after.messages - before.messages) / completed),
      flushes: rounded((after.flushes - before.flushes) / completed),
    };
  }
}

interface Round extends Measurement {
  readonly completed: number;
}

/** Keeps so many operations under way for so long, then waits until all servers have all: that time counts, too. */
async function measureRound(
  cluster: EventualCluster,
  start: StartOperation,
  inFlight: number,
  ms: number,
  signal: AbortSignal,
  tell: (part: number) => void,
): Promise<Round> {
  const loop = new ClosedLoop(start);
  const startedMs = performance.now();
  loop.start(inFlight);
  const { p50Ms, p99Ms } = await loop.measure(async () => {
    for (const endMs = startedMs + ms; performance.now() < endMs; ) {
      tell((performance.now() - startedMs) / ms);
      await sleep(Math.min(PROGRESS_MS, Math.max(0, endMs - performance.now())), undefined, { signal });
    }
    await loop.stop();
    await cluster.stabilize();
  });
  const { completed } = loop;
  return { completed, perSecond: completed / ((performance.now() - startedMs) / 1000), p50Ms, p99Ms };
}

function operationOf(
  operation: 'write' | 'read',
  clients: readonly EventualClient[],
  { keys, values }: Workload,
): StartOperation {
  // A step that shares no factor with the number of keys visits all of them, far apart.
  const keyOf = (number: number) => keys[(number * 7919) % keys.length] ?? '';
  const clientOf = (number: number) => clients[number % clients.length]!;
  if (operation === 'read') return (number) => clientOf(number).get(keyOf(number));
  return (number) => clientOf(number).put(keyOf(number), values[number % values.length] ?? '');
}

/** Reads must find something: writes every key once. */
async function fill(
  cluster: EventualCluster,
  clients: readonly EventualClient[],
  workload: Workload,
  tell: Tell,
): Promise<void> {
  const put = operationOf('write', clients, workload);
  for (let from = 0; from < workload.keys.length; from += WORKLOAD_IN_FLIGHT[1]!) {
    tell('filling the store for reads', 0);
    const count = Math.min(WORKLOAD_IN_FLIGHT[1]!, workload.keys.length - from);
    await Promise.all(Array.from({ length: count }, (_, index) => put(from + index)));
  }
  await cluster.stabilize();
}

async function* workloadRows(options: EventualBenchOptions, tell: Tell): AsyncGenerator<WorkloadRow> {
  for (const [index, workload] of options.workloads.entries()) {
    const commands = [...commandsOf(workload, options)];
    for (const inFlight of WORKLOAD_IN_FLIGHT) {
      const dataDir = join(options.dataDir, `workload-${index}-${inFlight}`);
      makeFolder(dataDir);
      const figures = await measureWorkload(commands, inFlight, { ...options, dataDir }, (part) =>
        tell(`${workload.topology}, ${workload.commands} commands, ${inFlight} in flight`, part),
      );
      yield { protocol: 'eventual', operation: 'workload', ...workload, inFlight, ...figures };
    }
  }
}

function commandsOf(
  workload: EventualBenchOptions['workloads'][number],
  { nodes }: EventualBenchOptions,
): Iterable<StoreCommand> {
  return storeWorkload({ ...WORKLOAD_DEFAULTS, ...workload, servers: nodes, clients: nodes });
}

async function measureWorkload(
  commands: readonly StoreCommand[],
  inFlightMax: number,
  { dataDir, journal, signal }: EventualBenchOptions,
  tell: (part: number) => void,
): Promise<Pick<WorkloadRow, 'perSecond' | 'seconds' | 'stabilizeMs'>> {
  const fail = (what: string): never => {
    throw new Error(`the workload was disturbed: ${what}`);
  };
  const environment = { dataDir, journal, signal, print: fail, warn: (error: Error) => fail(error.message) };
  await using run = new EventualRun(environment, { open: openOnThreads, inFlightMax });
  const puts = commands.filter(({ command }) => command === 'put').length;
  let startedMs: number | undefined;
  let durableMs = 0;
  for (const [number, command] of commands.entries()) {
    if (number % 256 === 0) tell(number / commands.length);
    if (command.command === 'put' && startedMs === undefined) {
      tell(0);
      await warmUp(run, commands, puts * WORKLOAD_WARM_UP.times);
      startedMs = performance.now();
    }
    if (command.command === 'stabilize') {
      await run.quiet();
      durableMs = performance.now();
    }
    await carryOut(run, command);
  }
  const endedMs = performance.now();
  const seconds = (endedMs - (startedMs ?? endedMs)) / 1000;
  return {
    perSecond: Math.round(puts / seconds),
    seconds: rounded(seconds),
    stabilizeMs: Math.round(endedMs - durableMs),
  };
}

/** Puts by the workload's clients in turn, under keys of their own, until all servers have them. */
async function warmUp(run: EventualRun, commands: readonly StoreCommand[], putsMax: number): Promise<void> {
  const clients = commands.flatMap((command) => (command.command === 'joinClient' ? [command.client] : []));
  const endMs = performance.now() + WORKLOAD_WARM_UP.ms;
  for (let put = 0; put < putsMax && performance.now() < endMs; ) {
    for (let under = 0; under < WORKLOAD_WARM_UP.inFlight; under++, put++)
      void run.put(clients[put % clients.length]!, `warm-up-${put % 1000}`, 'warm');
    await run.quiet();
  }
  await run.stabilize();
}

function carryOut(run: EventualRun, command: StoreCommand): void | Promise<void> {
  switch (command.command) {
    case 'put':
      return run.put(command.client, command.key, command.value);
    case 'joinServer':
      return run.joinServer(command.server);
    case 'killServer':
      return run.killServer(command.server);
    case 'joinClient':
      return run.connectClient(command.client, command.server);
    case 'breakConnection':
      return run.breakConnection({ between: 'servers', ...command });
    case 'createConnection':
      return run.createConnection({ between: 'servers', ...command });
    case 'stabilize':
      return run.stabilize();
  }
}
