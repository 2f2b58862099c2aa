import { describe, drawOperations } from './drawing.ts';
import type { History } from './history.ts';
import { findPutCycle } from './put-cycles.ts';
import { type SessionHistory, sessionHistoryOf } from './session-operations.ts';
import { SessionReasons } from './session-reasons.ts';
import {
  type Anomaly,
  type CheckLimits,
  deadlineOf,
  type Findings,
  OUT_OF_MEMORY,
  OUT_OF_TIME,
} from './verdict.ts';
import { SESSION_GUARANTEES, type SessionGuarantee, Visibility } from './visibility.ts';

export interface SessionAnomaly extends Anomaly {
  /** These do not all hold: one of them at least is broken. None, where no store could have answered so. */
  readonly guarantees: readonly SessionGuarantee[];
}

export interface SessionCheckOptions {
  /**
   * The store keeps puts of a key side by side that do not follow one another, and shows one of them by a rule of its own. So
   * there need not be one order of all puts of a key: a get may return any that it saw, unless it saw one that follows it.
   */
  readonly siblings?: boolean;
}

/** For each put and get, one bit for each put. */
const BITS_MAX = 8 * 256 * 1024 * 1024;

/**
 * Whether sessions of puts and gets by key have the guarantees of Terry and others (1994), `process` being the session.
 * Answers with each least set of guarantees that do not all hold, and what shows it.
 * @throws BadHistoryError where no client could have made the history, or values are not unique.
 */
export function checkSessions(
  history: History,
  limits?: CheckLimits,
  { siblings = false }: SessionCheckOptions = {},
): Findings<SessionAnomaly> {
  const deadline = deadlineOf(limits);
  const sessions = sessionHistoryOf(history);
  const violations: SessionAnomaly[] = strayGets(history, sessions);
  const { puts, steps } = sessions;
  if (puts.length * (2 * puts.length + steps.length) > BITS_MAX) return conclude(violations, OUT_OF_MEMORY);
  if (contradiction(history, sessions, SESSION_GUARANTEES, siblings) !== undefined) {
    for (const guarantees of subsets()) {
      if (violations.some((known) => isLesser(known.guarantees, guarantees))) continue;
      if (deadline()) break;
      const found = contradiction(history, sessions, guarantees, siblings);
      if (found !== undefined) violations.push(found);
    }
  }
  return conclude(violations, deadline() ? OUT_OF_TIME : undefined);
}

function conclude(
  violations: readonly SessionAnomaly[],
  reason: string | undefined,
): Findings<SessionAnomaly> {
  if (violations.length > 0) return { verdict: 'violated', violations };
  return reason === undefined ? { verdict: 'ok', violations } : { verdict: 'unknown', violations, reason };
}

/** All sets of guarantees but the empty one, smaller ones first. */
function subsets(): SessionGuarantee[][] {
  const all = Array.from({ length: 2 ** SESSION_GUARANTEES.length - 1 }, (_, index) =>
    SESSION_GUARANTEES.filter((_guarantee, place) => ((index + 1) >> place) & 1),
  );
  return all.sort((a, b) => a.length - b.length);
}

function isLesser(known: readonly SessionGuarantee[], other: readonly SessionGuarantee[]): boolean {
  return known.length > 0 && known.every((guarantee) => other.includes(guarantee));
}

/** What cannot be if these guarantees hold; undefined where all that happened can. */
function contradiction(
  history: History,
  sessions: SessionHistory,
  guarantees: readonly SessionGuarantee[],
  siblings: boolean,
): SessionAnomaly | undefined {
  const visibility = new Visibility(sessions, new Set(guarantees), siblings);
  const reasons = new SessionReasons(history, sessions, visibility);
  const [missed] = visibility.missed();
  if (missed !== undefined) {
    reasons.missed(missed.get, missed.put);
  } else if (siblings) {
    const [stale] = visibility.stale();
    if (stale === undefined) return undefined;
    reasons.stale(stale.get, stale.put, stale.later);
  } else {
    const cycle = findPutCycle(sessions.puts.length, visibility);
    if (cycle === undefined) return undefined;
    for (const [index, after] of cycle.entries()) {
      const before = cycle[(index + 1) % cycle.length]!;
      reasons.overwrote(sessions.puts[after]!, sessions.puts[before]!);
    }
  }
  const operations = [...reasons.operations].sort((a, b) => a.invoked - b.invoked);
  const name = guarantees.join(' or ');
  const headline =
    guarantees.length === 1 ? `${name} is broken` : `one of these is broken: ${guarantees.join(', ')}`;
  const sentences = reasons.sentences.map((sentence) => `  ${sentence}`).join('\n');
  return {
    name,
    guarantees,
    operations,
    drawing: `${headline}:\n${sentences}\n\n${drawOperations(history, operations)}`,
  };
}

function strayGets(history: History, { strays }: SessionHistory): SessionAnomaly[] {
  return strays.slice(0, 1).map(({ name, operation, put }) => {
    const operations = put === undefined ? [operation] : [operation, put];
    const lines = operations.map((known) => `  ${describe(history, known)}`);
    return { name, guarantees: [], operations, drawing: [`${name}: ${WHAT[name]}`, ...lines].join('\n') };
  });
}

const WHAT = {
  'garbage read': 'nobody put this value',
  'aborted read': 'the put of this value failed',
  'read from the future': 'the put of this value began when the get had ended',
} as const;
