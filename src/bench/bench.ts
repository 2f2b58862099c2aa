import { setTimeout as sleep } from 'node:timers/promises';
import type { JournalKind } from '../../actors/memory.ts';
import type { ProtocolName } from '../cluster/protocols.ts';
import type { CoordinatorKind } from '../cluster/transaction-cluster.ts';
import { ClosedLoop, type Measurement, type StartOperation } from './closed-loop.ts';
import { FAILOVER_IN_FLIGHT } from './failover.ts';
import { median, rounded } from './figures.ts';
import { type MeasuredSystem, openReplicatedLog, openTransactions } from './measured-system.ts';
import { makeWorkload, type Workload } from './workload.ts';

/** Cold code halves the figures. */
const WARM_UP_MS = 2000;
const LOAD_IN_FLIGHT = 1024;
/** How far apart progress is told. */
const PROGRESS_MS = 200;

/** What can be measured: durable writes, linearizable reads, the time without a leader after one was killed. */
export const BENCH_OPERATIONS = ['write', 'read', 'failover'] as const;
export type BenchOperation = (typeof BENCH_OPERATIONS)[number];

/** What can be measured. */
export type BenchProtocol = ProtocolName | '2pc';

/** What is to be measured, and where. */
export interface BenchOptions {
  readonly protocol: BenchProtocol;
  /** Who decides, of `2pc`; node 0 by default. */
  readonly coordinator?: CoordinatorKind;
  readonly nodes: number;
  readonly operations: readonly BenchOperation[];
  readonly inFlight: readonly number[];
  /** How long each round measures. */
  readonly seconds: number;
  readonly rounds: number;
  /** Where the nodes keep what they must remember. */
  readonly journal: JournalKind;
  /** The folder for the nodes' data, on the disk to measure; it exists and is empty, and stays so with `memory`. */
  readonly dataDir: string;
  readonly signal: AbortSignal;
  /** Told what is going on, and which part of the whole is done, from 0 to 1. */
  progress(what: string, done: number): void;
}

/** Medians of the rounds, at a fixed number of operations in flight. */
export interface RateRow extends Measurement {
  readonly protocol: BenchProtocol;
  /** Where the options say who decides. */
  readonly coordinator?: CoordinatorKind;
  readonly operation: 'write' | 'read';
  readonly inFlight: number;
  /** What an operation cost, all nodes together: messages between nodes, and flushes of journals. */
  readonly messages: number;
  readonly flushes: number;
}

/** From the leader's death until the next commit, over the rounds. */
export interface FailoverRow {
  readonly protocol: BenchProtocol;
  readonly operation: 'failover';
  readonly inFlight: number;
  readonly medianMs: number;
  readonly worstMs: number;
}

export type BenchRow = RateRow | FailoverRow;

/** Measures a cluster of its own; yields each row as soon as it is known. */
export async function* bench(options: BenchOptions): AsyncGenerator<BenchRow> {
  const { protocol, operations, inFlight, progress, signal } = options;
  const rows = operations.reduce(
    (sum, operation) => sum + (operation === 'failover' ? 1 : inFlight.length),
    0,
  );
  const workload = makeWorkload();
  progress('starting', 0);
  const plan = { ...options, inFlightMax: Math.max(LOAD_IN_FLIGHT, ...inFlight) * 2 };
  await using system = await (protocol === '2pc'
    ? openTransactions(plan)
    : openReplicatedLog({ ...plan, protocol }));
  let finished = 0;
  const tell = (what: string, part: number) => {
    signal.throwIfAborted();
    progress(what, (finished + part) / rows);
  };
  for (const operation of operations) {
    if (operation === 'failover') {
      yield await failoverRow(system, workload, options, tell);
      finished++;
      continue;
    }
    if (operation === 'read') await fill(system, workload, tell);
    for (const level of inFlight) {
      yield await rateRow(operation, level, system, workload, options, tell);
      finished++;
      await system.settled();
    }
  }
}

function operationOf(
  operation: 'write' | 'read',
  { store }: MeasuredSystem,
  { keys, values }: Workload,
): StartOperation {
  // A step that shares no factor with the number of keys visits all of them, far apart.
  const keyOf = (number: number) => keys[(number * 7919) % keys.length] ?? '';
  if (operation === 'read') return (number) => store.get(keyOf(number));
  return (number) => store.put(keyOf(number), values[number % values.length] ?? '');
}

async function rateRow(
  operation: 'write' | 'read',
  inFlight: number,
  system: MeasuredSystem,
  workload: Workload,
  { protocol, coordinator, rounds, seconds, signal }: BenchOptions,
  tell: (what: string, part: number) => void,
): Promise<RateRow> {
  const loop = new ClosedLoop(operationOf(operation, system, workload));
  const totalMs = WARM_UP_MS + rounds * seconds * 1000;
  const startedMs = performance.now();
  const wait = async (ms: number, what: string) => {
    for (const endMs = performance.now() + ms; performance.now() < endMs; ) {
      tell(
        `${operation}, ${inFlight} in flight: ${what}`,
        Math.min(1, (performance.now() - startedMs) / totalMs),
      );
      await sleep(Math.min(PROGRESS_MS, Math.max(0, endMs - performance.now())), undefined, { signal });
    }
  };
  loop.start(inFlight);
  const measured: Measurement[] = [];
  let before = { messages: 0, flushes: 0, completed: 0 };
  let after = before;
  try {
    await loop.measure(() => wait(WARM_UP_MS, 'warming up'));
    before = { ...(await system.tally()), completed: loop.completed };
    for (let round = 1; round <= rounds; round++) {
      measured.push(await loop.measure(() => wait(seconds * 1000, `round ${round} of ${rounds}`)));
    }
    after = { ...(await system.tally()), completed: loop.completed };
  } finally {
    if (!signal.aborted) await loop.stop();
  }
  return {
    protocol,
    ...(coordinator === undefined ? {} : { coordinator }),
    operation,
    inFlight,
    perSecond: Math.round(median(measured.map(({ perSecond }) => perSecond))),
    p50Ms: rounded(median(measured.map(({ p50Ms }) => p50Ms))),
    p99Ms: rounded(median(measured.map(({ p99Ms }) => p99Ms))),
    messages: rounded((after.messages - before.messages) / (after.completed - before.completed)),
    flushes: rounded((after.flushes - before.flushes) / (after.completed - before.completed)),
  };
}

async function failoverRow(
  { measureFailover }: MeasuredSystem,
  workload: Workload,
  { protocol, rounds }: BenchOptions,
  tell: (what: string, part: number) => void,
): Promise<FailoverRow> {
  const tookMs: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    tell(`failover: round ${round} of ${rounds}`, (round - 1) / rounds);
    if (measureFailover === undefined) throw new Error(`${protocol} has no other leader to fail over to`);
    tookMs.push(await measureFailover(workload));
  }
  return {
    protocol,
    operation: 'failover',
    inFlight: FAILOVER_IN_FLIGHT,
    medianMs: rounded(median(tookMs)),
    worstMs: rounded(Math.max(...tookMs)),
  };
}

/** Reads must find something: writes every key once. */
async function fill(
  { store }: MeasuredSystem,
  { keys, values }: Workload,
  tell: (what: string, part: number) => void,
): Promise<void> {
  for (let from = 0; from < keys.length; from += LOAD_IN_FLIGHT) {
    tell('filling the store for reads', 0);
    const some = keys.slice(from, from + LOAD_IN_FLIGHT);
    await Promise.all(some.map((key, index) => store.put(key, values[index % values.length] ?? '')));
  }
}
