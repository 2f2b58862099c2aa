import { type CycleViolation, cycleAnomalies } from './cycle-anomalies.ts';
import { DependencyGraph } from './dependency-graph.ts';
import { describe } from './drawing.ts';
import type { History } from './history.ts';
import {
  elementsOf,
  findFork,
  type ListKey,
  type ListRead,
  listDependencies,
  longestOf,
} from './list-versions.ts';
import { realTimePairs } from './real-time.ts';
import { type RegisterVisit, registerDependencies } from './register-versions.ts';
import { lastWritten, readAnomalies } from './transaction-reads.ts';
import { type KeyHistory, keysOf, type Transaction, transactionsOf } from './transactions.ts';
import { textOf } from './values.ts';
import {
  type CheckLimits,
  deadlineOf,
  type Findings,
  OUT_OF_MEMORY,
  OUT_OF_TIME,
  type Violation,
} from './verdict.ts';

export interface SerializabilityOptions {
  readonly limits?: CheckLimits;
  /** Whether a transaction that ended before another began must come before it, too (strict serializability). */
  readonly realTime?: boolean;
}

/** What a graph of dependencies may have; beyond, there would be too little memory. */
const EDGES_MAX = 5_000_000;

/**
 * Whether all transactions can have taken effect one after the other: whether no read shows what it must not, and no
 * transactions depend on each other in a circle (Adya, 1999; Kingsbury and Alvaro's Elle, 2020).
 * @throws BadHistoryError where no client could have made the history, or values are not unique.
 */
export function checkSerializability(
  history: History,
  { limits, realTime = false }: SerializabilityOptions = {},
): Findings<Violation | CycleViolation> {
  const deadline = deadlineOf(limits);
  const transactions = transactionsOf(history);
  const keys = keysOf(history, transactions);
  const violations: (Violation | CycleViolation)[] = [...readAnomalies(history, transactions, keys)];
  const committed = committedOf(transactions, keys);
  const lists = [...keys].flatMap(([name, key]) =>
    key.kind === 'list' ? [listOf(name, key, committed)] : [],
  );
  violations.push(...forks(history, lists, committed));

  const graph = new DependencyGraph(committed.length);
  for (const dependency of dependencies(lists, keys, committed, realTime)) {
    graph.add(dependency);
    if (graph.edges > EDGES_MAX) return conclude(violations, OUT_OF_MEMORY);
  }
  const operations = committed.map(({ operation }) => operation);
  violations.push(...cycleAnomalies(history, graph, operations, realTime, deadline));
  return conclude(violations, deadline() ? OUT_OF_TIME : undefined);
}

function conclude(
  violations: readonly Violation[],
  reason: string | undefined,
): Findings<Violation | CycleViolation> {
  if (violations.length > 0) return { verdict: 'violated', violations };
  return reason === undefined ? { verdict: 'ok', violations } : { verdict: 'unknown', violations, reason };
}

/** Those that happened: they are `ok`, or `info` and somebody saw what they wrote. */
function committedOf(
  transactions: readonly Transaction[],
  keys: ReadonlyMap<string, KeyHistory>,
): Transaction[] {
  const seen = new Set<Transaction>();
  for (const { operation, steps } of transactions) {
    if (operation.outcome !== 'ok') continue;
    for (const { f, key, value } of steps) {
      const known = f === 'r' ? keys.get(textOf(key)) : undefined;
      if (known === undefined) continue;
      for (const item of known.kind === 'list' ? (elementsOf(value) ?? []) : [value]) {
        const writer = known.writers.get(textOf(item));
        if (writer !== undefined) seen.add(writer);
      }
    }
  }
  return transactions.filter(
    (transaction) =>
      transaction.operation.outcome === 'ok' ||
      (transaction.operation.outcome === 'info' && seen.has(transaction)),
  );
}

function listOf(name: string, { key, writers }: KeyHistory, committed: readonly Transaction[]): ListKey {
  const numbers = new Map(committed.map((transaction, index) => [transaction, index]));
  const reads: ListRead[] = [];
  for (const [reader, { operation, steps }] of committed.entries()) {
    if (operation.outcome !== 'ok') continue;
    for (const step of steps) {
      const elements = step.f === 'r' && textOf(step.key) === name ? elementsOf(step.value) : undefined;
      if (elements !== undefined) reads.push({ reader, elements });
    }
  }
  return {
    key,
    writers: new Map(
      [...writers].flatMap(([element, writer]) => {
        const number = numbers.get(writer);
        return number === undefined ? [] : [[element, number]];
      }),
    ),
    reads,
  };
}

/** Reads of a list that saw its elements in different orders. */
function* forks(
  history: History,
  lists: readonly ListKey[],
  committed: readonly Transaction[],
): Generator<Violation, void, undefined> {
  for (const { key, reads } of lists) {
    const order = longestOf(reads);
    const fork = findFork(order, reads);
    if (fork === undefined) continue;
    const longest = reads.find(({ elements }) => elements === order)!;
    const operations = [longest, fork].map(({ reader }) => committed[reader]!.operation);
    yield {
      name: 'incompatible order',
      operations,
      drawing: [
        `incompatible order: ${textOf(key)} was read as ${textOf(order)} and as ${textOf(fork.elements)}`,
        ...operations.map((operation) => `  ${describe(history, operation)}`),
      ].join('\n'),
    };
    return;
  }
}

function* dependencies(
  lists: readonly ListKey[],
  keys: ReadonlyMap<string, KeyHistory>,
  committed: readonly Transaction[],
  realTime: boolean,
) {
  for (const list of lists) yield* listDependencies(list);
  for (const [name, { kind }] of keys)
    if (kind === 'register') yield* registerDependencies(name, visitsOf(name, committed), realTime);
  if (!realTime) return;
  for (const [from, to] of realTimePairs(committed.map(({ operation }) => operation)))
    yield {
      from,
      to,
      kind: 'rt' as const,
      explain: (a: string, b: string) => `${a} ended before ${b} began`,
    };
}

function visitsOf(name: string, committed: readonly Transaction[]): RegisterVisit[] {
  return committed.flatMap((transaction, index) => {
    const { operation, steps } = transaction;
    const first = steps.find((step) => textOf(step.key) === name);
    if (first === undefined) return [];
    const read = first.f === 'r' && operation.outcome === 'ok' ? textOf(first.value) : undefined;
    const { invoked, completed } = operation;
    return [{ transaction: index, read, written: lastWritten(transaction, name), invoked, completed }];
  });
}
