import type { AbortReason, Outcome } from '../../machines/two-phase-commit/client-messages.ts';
import { UnknownOutcomeError } from '../errors.ts';

/** How a transaction ended. */
export type Committed =
  | { readonly outcome: 'committed' }
  | { readonly outcome: 'aborted'; readonly reason: AbortReason };

/** A transaction that its caller waits for. */
export interface PendingCommit {
  /** As `encodeTransaction` gives it. */
  readonly transaction: Uint8Array;
  readonly timeoutMs: number;
  readonly deadlineMs: number;
  readonly resolve: (committed: Committed) => void;
  readonly reject: (error: Error) => void;
  sentMs: number;
  /** The leader has said how it ended. */
  answered: boolean;
  /** Its caller has an answer, or was told that there was none in time. */
  settled: boolean;
}

/** What an error says that it was. */
export const A_COMMIT = 'a commit';

/** The transactions that were handed in within one session, by their numbers in it. */
export class HandedIn {
  /** The session's number in the cluster. */
  readonly session: number;
  /** From the first unanswered one on. */
  #commits: PendingCommit[] = [];
  #below = 1;

  constructor(session: number) {
    this.session = session;
  }

  /** All numbers below this one are answered. */
  get below(): number {
    return this.#below;
  }

  /** Those that are not answered, or stand between such; the first has the number {@link below}. */
  get commits(): readonly PendingCommit[] {
    return this.#commits;
  }

  /** Gives the number of the first of these. */
  add(commits: readonly PendingCommit[]): number {
    const first = this.#below + this.#commits.length;
    for (const commit of commits) this.#commits.push(commit);
    return first;
  }

  /** The leader has said how some ended. False when it was news of none. */
  settle(outcomes: readonly Outcome[]): boolean {
    let isNews = false;
    for (const outcome of outcomes) {
      const commit = this.#commits[outcome[0] - this.#below];
      if (commit === undefined || commit.answered) continue;
      isNews = true;
      commit.answered = true;
      if (!commit.settled) settleWith(commit, outcome);
    }
    let answered = 0;
    while (this.#commits[answered]?.answered === true) answered += 1;
    this.#commits.splice(0, answered);
    this.#below += answered;
    return isNews;
  }

  /** The session is over: nobody will say how the rest ended. */
  end(why: string): void {
    for (const commit of this.#commits) reject(commit, new UnknownOutcomeError(A_COMMIT, why));
    this.#commits = [];
  }

  close(error: Error): void {
    for (const commit of this.#commits) reject(commit, error);
    this.#commits = [];
  }
}

/** Tells its caller that there was no answer, unless it has been told. */
export function reject(commit: PendingCommit, error: Error): void {
  if (commit.settled) return;
  commit.settled = true;
  commit.reject(error);
}

function settleWith(commit: PendingCommit, [, outcome, detail]: Outcome): void {
  commit.settled = true;
  switch (outcome) {
    case 'committed':
      commit.resolve({ outcome });
      return;
    case 'aborted':
      commit.resolve({ outcome, reason: detail });
      return;
    case 'unknown':
      commit.reject(
        new UnknownOutcomeError(A_COMMIT, 'the leader has been restarted, or has forgotten the session'),
      );
      return;
    default:
      outcome satisfies never;
  }
}
