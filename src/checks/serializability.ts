import { type CycleAnomaly, cycleAnomalies } from './cycle-anomalies.ts';
import { type Dependency, DependencyGraph } from './dependency-graph.ts';
import { describe, shortened } from './drawing.ts';
import type { History, Operation } from './history.ts';
import { findFork, type ListKey, type ListRead, listDependencies, longestOf } from './list-versions.ts';
import { realTimePairs } from './real-time.ts';
import { type RegisterKey, type RegisterVisit, registerDependencies } from './register-versions.ts';
import { searchSerialOrder } from './serial-search.ts';
import { type KeyHistory, keysOf, seenBy } from './transaction-keys.ts';
import { readAnomalies } from './transaction-reads.ts';
import { type Transaction, transactionsOf } from './transactions.ts';
import { textOf } from './values.ts';
import {
  type Anomaly,
  atMost,
  type CheckLimits,
  type Deadline,
  deadlineOf,
  type Findings,
  OUT_OF_MEMORY,
  OUT_OF_TIME,
} from './verdict.ts';
import { chooseVersions } from './version-choices.ts';

export interface SerializabilityOptions {
  readonly limits?: CheckLimits;
  /** Whether a transaction that ended before another began must come before it, too (strict serializability). */
  readonly realTime?: boolean;
}

/** What a graph of dependencies may have; beyond, there would be too little memory. */
const EDGES_MAX = 2_000_000;

/**
 * Whether all transactions can have taken effect one after the other: whether no read shows what it must not, and no
 * transactions depend on each other in a circle (Adya, 1999; Kingsbury and Alvaro's Elle, 2020).
 * @throws BadHistoryError where no client could have made the history, or values are not unique.
 */
export function checkSerializability(
  history: History,
  { limits, realTime = false }: SerializabilityOptions = {},
): Findings<Anomaly | CycleAnomaly> {
  const deadline = deadlineOf(limits);
  const transactions = transactionsOf(history);
  const keys = keysOf(history, transactions);
  const violations: (Anomaly | CycleAnomaly)[] = [...readAnomalies(history, transactions, keys)];
  const committed = committedOf(transactions, keys);
  const numbers = new Map(committed.map((transaction, index) => [transaction, index]));
  const lists = [...keys.values()].filter(({ kind }) => kind === 'list').map((key) => listOf(key, numbers));
  const registers = [...keys.values()]
    .filter(({ kind }) => kind === 'register')
    .map((key): RegisterKey => ({ name: key.name, visits: registerVisits(key, numbers) }));
  violations.push(...forks(history, lists, committed));

  const graph = new DependencyGraph(committed.length);
  for (const dependency of dependencies(lists, registers, numbers, realTime)) {
    graph.add(dependency);
    if (graph.edges > EDGES_MAX)
      return { verdict: violations.length > 0 ? 'violated' : 'unknown', violations, reason: OUT_OF_MEMORY };
  }
  const operations = committed.map(({ operation }) => operation);
  violations.push(...cycleAnomalies(history, graph, operations, realTime, deadline));
  if (violations.length > 0) return { verdict: 'violated', violations };
  if (deadline()) return { verdict: 'unknown', violations, reason: OUT_OF_TIME };
  if (registers.length === 0) return OK;
  return judgeRegisters({ history, graph, operations, registers, realTime, deadline });
}

const OK: Findings<never> = { verdict: 'ok', violations: [] };

/** How many looks at the clock may go into an order that need not be found. */
const LOOKS_MAX = 2000;

interface RegisterQuestion {
  readonly history: History;
  /** What is known for sure; there is no cycle in it. */
  readonly graph: DependencyGraph;
  readonly operations: readonly Operation[];
  readonly registers: readonly RegisterKey[];
  readonly realTime: boolean;
  readonly deadline: Deadline;
}

/** What the order of the versions of registers may be, where it is not known. */
function judgeRegisters(question: RegisterQuestion): Findings<Anomaly | CycleAnomaly> {
  const { history, graph, operations, registers, realTime, deadline } = question;
  // As it happened is the likeliest order, and quick to look for.
  const patience = realTime ? deadline : atMost(LOOKS_MAX, deadline);
  const { result, stuck } = searchSerialOrder(graph, operations, registers, patience);
  if (result === 'found') return OK;
  const choice = chooseVersions(graph, registers, realTime, deadline);
  if (choice === 'ordered') return OK;
  if (choice instanceof DependencyGraph) {
    const cycles = cycleAnomalies(history, choice, operations, realTime, () => false);
    return { verdict: 'violated', violations: [...cycles] };
  }
  if (!realTime || result !== 'none') return { verdict: 'unknown', violations: [], reason: choice };
  const among = stuck.map((index) => operations[index]!);
  return { verdict: 'violated', violations: [noOrder(history, among)] };
}

function noOrder(history: History, operations: readonly Operation[]): Anomaly {
  const lines = operations.map((operation) => `  ${describe(history, operation)}`);
  const what =
    'no order explains what was read; where the search came furthest, none of these could come next:';
  return { name: 'no serial order', operations, drawing: [what, ...lines].join('\n') };
}

/** Those that happened: they are `ok`, or `info` and somebody saw what they wrote. */
function committedOf(
  transactions: readonly Transaction[],
  keys: ReadonlyMap<string, KeyHistory>,
): readonly Transaction[] {
  const seen = new Set<Transaction>();
  for (const { kind, writers, visits } of keys.values()) {
    for (const { transaction, steps } of visits) {
      if (transaction.operation.outcome !== 'ok') continue;
      for (const step of steps) {
        const texts = step.f === 'r' ? seenBy(step, kind) : [];
        for (const text of texts) {
          const writer = writers.get(text)?.transaction;
          if (writer?.operation.outcome === 'info') seen.add(writer);
        }
      }
    }
  }
  return transactions.filter(
    (transaction) => transaction.operation.outcome === 'ok' || seen.has(transaction),
  );
}

function listOf({ name, writers, visits }: KeyHistory, numbers: ReadonlyMap<Transaction, number>): ListKey {
  const reads = visits.flatMap(({ transaction, steps }): ListRead[] => {
    const reader = numbers.get(transaction);
    if (reader === undefined || transaction.operation.outcome !== 'ok') return [];
    return steps.filter(({ f }) => f === 'r').map((step) => ({ reader, elements: seenBy(step, 'list') }));
  });
  const committed = new Map<string, number>();
  for (const [text, { transaction }] of writers) {
    const number = numbers.get(transaction);
    if (number !== undefined) committed.set(text, number);
  }
  return { name, writers: committed, reads };
}

/** Longer lists are cut off where they are shown. */
const LIST_MAX = 60;

/** Reads of a list that saw its elements in different orders. */
function* forks(
  history: History,
  lists: readonly ListKey[],
  committed: readonly Transaction[],
): Generator<Anomaly, void, undefined> {
  for (const { name, reads } of lists) {
    const order = longestOf(reads);
    const fork = findFork(order, reads);
    if (fork === undefined) continue;
    const longest = reads.find(({ elements }) => elements === order)!;
    const operations = [longest, fork].map(({ reader }) => committed[reader]!.operation);
    yield {
      name: 'incompatible order',
      operations,
      drawing: [
        `incompatible order: ${name} was read as ${shortened(`[${order.join(' ')}]`, LIST_MAX)} and as ${shortened(`[${fork.elements.join(' ')}]`, LIST_MAX)}`,
        ...operations.map((operation) => `  ${describe(history, operation)}`),
      ].join('\n'),
    };
    return;
  }
}

function* dependencies(
  lists: readonly ListKey[],
  registers: readonly RegisterKey[],
  numbers: ReadonlyMap<Transaction, number>,
  realTime: boolean,
): Generator<Dependency, void, undefined> {
  for (const list of lists) yield* listDependencies(list);
  for (const { name, visits } of registers) yield* registerDependencies(name, visits, realTime);
  if (!realTime) return;
  for (const [from, to] of realTimePairs([...numbers.keys()].map(({ operation }) => operation)))
    yield { from, to, kind: 'rt', realTime: true, explain: (a, b) => `${a} ended before ${b} began` };
}

function registerVisits({ visits }: KeyHistory, numbers: ReadonlyMap<Transaction, number>): RegisterVisit[] {
  return visits.flatMap(({ transaction, steps }) => {
    const number = numbers.get(transaction);
    if (number === undefined) return [];
    const { invoked, completed, outcome } = transaction.operation;
    const [first] = steps;
    const last = steps.findLast(({ f }) => f === 'w');
    return [
      {
        transaction: number,
        read: first?.f === 'r' && outcome === 'ok' ? textOf(first.value) : undefined,
        written: last === undefined ? undefined : textOf(last.value),
        invoked,
        completed,
      },
    ];
  });
}
