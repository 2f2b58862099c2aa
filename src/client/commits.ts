import type { Redirect } from '../../machines/paxos-commit/messages.ts';
import {
  COORDINATOR,
  type Commit,
  type Open,
  type Opened,
  type Outcomes,
} from '../../machines/two-phase-commit/client-messages.ts';
import { ClosedError, NoLeaderError, OverloadedError, TimeoutError } from '../errors.ts';
import type { Gateway } from './gateway.ts';
import { A_COMMIT, type Committed, HandedIn, type PendingCommit, reject } from './handed-in.ts';

/** Transactions that one message carries at most. */
const TRANSACTIONS_MAX = 2048;
/** About the most bytes that it carries; it has one transaction at least. */
const BYTES_MAX = 1024 * 1024;
/** The first wait for an answer before it is asked again; doubled up to the maximum. */
const RETRY_MS = 250;
const RETRY_MS_MAX = 2000;
/** A leader that has no room is left alone for this long. */
const REFUSED_MS = 20;
/** What a leader has sent before it died may arrive a little after the news of its death. */
const LAST_WORDS_MS = 20;

/** What was handed in to a leader that has died. Where another may lead, it is asked what became of it. */
interface Orphans {
  readonly handedIn: HandedIn;
  readonly untilMs: number;
}

/**
 * Transactions of one client on their way to the leader, each carried out once at most, whatever fails on the way: they
 * are numbered within a session, and sent again until they are answered. A session ends with the life of the leader;
 * what was handed in then and not answered is unknown, and what was not is handed in to the next. Where several nodes may
 * lead, the next leader knows what a former one has left open.
 */
export class Commits {
  readonly #name: string;
  readonly #gateway: Gateway;
  /** Who may lead: one, or several of which one does. */
  readonly #candidates: readonly string[];
  #leader: string;
  readonly #inFlightMax: number;
  /** Not handed in yet, in the order of their calls. */
  #waiting: PendingCommit[] = [];
  #handedIn: HandedIn | undefined;
  #orphans: Orphans[] = [];
  #nonce: string | undefined;
  #openings = 0;
  #openedMs = 0;
  #retryMs = RETRY_MS;
  #closed = false;

  constructor(name: string, gateway: Gateway, candidates: readonly string[], inFlightMax: number) {
    this.#name = name;
    this.#gateway = gateway;
    this.#candidates = candidates;
    this.#leader = candidates[0]!;
    this.#inFlightMax = inFlightMax;
  }

  /** Transactions that no answer has come for. */
  get inFlight(): number {
    let count = this.#waiting.length + (this.#handedIn?.commits.length ?? 0);
    if (this.#mayMove) for (const { handedIn } of this.#orphans) count += handedIn.commits.length;
    return count;
  }

  /**
   * Has a transaction committed. @throws UnknownOutcomeError: it has happened or not; TimeoutError: it may happen yet;
   * NoLeaderError, OverloadedError: it has not happened and will not.
   */
  commit(transaction: Uint8Array, timeoutMs: number): Promise<Committed> {
    if (this.#closed) return Promise.reject(new ClosedError(A_COMMIT));
    if (this.inFlight >= this.#inFlightMax)
      return Promise.reject(new OverloadedError(A_COMMIT, this.#inFlightMax));
    const deadlineMs = this.#gateway.clock.now() + timeoutMs;
    return new Promise((resolve, rejected) => {
      this.#waiting.push({
        transaction,
        timeoutMs,
        deadlineMs,
        resolve,
        reject: rejected,
        sentMs: 0,
        answered: false,
        settled: false,
      });
      this.#gateway.noteWaiting();
    });
  }

  /** Opens a session before there is anything to hand in, if the leader lives. */
  open(): void {
    const isOpen = this.#handedIn !== undefined || this.#nonce !== undefined;
    if (!isOpen && this.#gateway.isUp(this.#leader)) this.#sendOpening();
  }

  /** Hands in what waits; opens a session first, where there is none. */
  flush(): void {
    if (this.#waiting.length === 0) return;
    if (this.#handedIn === undefined) {
      this.open();
      return;
    }
    const commits = this.#waiting;
    this.#waiting = [];
    this.#send(this.#handedIn, this.#handedIn.add(commits), commits);
  }

  receiveOpened({ nonce, session }: Opened): void {
    if (nonce !== this.#nonce || this.#handedIn !== undefined) return;
    this.#nonce = undefined;
    this.#handedIn = new HandedIn(session);
    this.#retryMs = RETRY_MS;
    this.#gateway.requestFlush();
  }

  receiveOutcomes({ session, outcomes }: Outcomes): void {
    const handedIn = this.#sessionOf(session);
    if (handedIn === undefined) return;
    if (handedIn.settle(outcomes)) this.#retryMs = RETRY_MS;
    // A session that the leader does not know: it has lived anew, and we have not heard.
    if (handedIn === this.#handedIn && outcomes.some(([, outcome]) => outcome === 'unknown')) {
      this.#handedIn = undefined;
      this.#bury(handedIn);
      this.#gateway.requestFlush();
    }
  }

  /** That node does not lead. */
  receiveRedirect({ leader }: Redirect, node: string): void {
    const isKnown = leader !== undefined && this.#candidates.includes(leader) && this.#gateway.isUp(leader);
    if (node === this.#leader && isKnown) this.#moveTo(leader);
  }

  receiveRefusal(node: string): void {
    if (node !== this.#leader) return;
    const sentMs = this.#gateway.clock.now() - this.#retryMs + REFUSED_MS;
    this.#openedMs = Math.min(this.#openedMs, sentMs);
    for (const commit of this.#handedIn?.commits ?? []) commit.sentMs = Math.min(commit.sentMs, sentMs);
  }

  nodeEnded(node: string): void {
    if (node !== this.#leader) return;
    if (this.#mayMove) {
      this.#tryNext();
      return;
    }
    this.#nonce = undefined;
    const handedIn = this.#handedIn;
    this.#handedIn = undefined;
    if (handedIn !== undefined) this.#bury(handedIn);
  }

  nodeStarted(node: string): void {
    if (node === this.#leader && this.#waiting.length > 0) this.#gateway.requestFlush();
  }

  /** True while anything waits. */
  tick(nowMs: number): boolean {
    this.#failOverdue(nowMs);
    for (const { handedIn } of this.#orphans.filter(({ untilMs }) => untilMs <= nowMs))
      handedIn.end('the leader died before it answered');
    this.#orphans = this.#orphans.filter(
      ({ untilMs, handedIn: { commits } }) => untilMs > nowMs && commits.some(({ settled }) => !settled),
    );
    if (this.#mayMove && this.#isUnheard(nowMs)) this.#tryNext();
    const isOpening = this.#nonce !== undefined;
    if (isOpening && nowMs - this.#openedMs >= this.#retryMs) {
      this.#slowDown();
      this.#sendOpening();
    }
    if (this.#handedIn !== undefined) this.#sendAgain(this.#handedIn, nowMs);
    if (this.#mayMove) for (const { handedIn } of this.#orphans) this.#sendAgain(handedIn, nowMs);
    return this.inFlight > 0 || this.#orphans.length > 0 || isOpening;
  }

  close(): void {
    this.#closed = true;
    const closed = new ClosedError(A_COMMIT);
    for (const commit of this.#waiting) reject(commit, closed);
    this.#waiting = [];
    this.#handedIn?.close(closed);
    for (const { handedIn } of this.#orphans) handedIn.close(closed);
    this.#orphans = [];
  }

  #sessionOf(session: number): HandedIn | undefined {
    if (this.#handedIn?.session === session) return this.#handedIn;
    return this.#orphans.find(({ handedIn }) => handedIn.session === session)?.handedIn;
  }

  #sendOpening(): void {
    this.#nonce = `${this.#name}.${++this.#openings}.${this.#gateway.random.integer(0, 2 ** 31 - 1)}`;
    this.#openedMs = this.#gateway.clock.now();
    const message: Open = { type: 'open', nonce: this.#nonce };
    this.#gateway.send(this.#name, this.#leader, message, COORDINATOR);
  }

  /** Some with consecutive numbers, in as many messages as it takes. */
  #send(handedIn: HandedIn, first: number, commits: readonly PendingCommit[]): void {
    const nowMs = this.#gateway.clock.now();
    for (let from = 0; from < commits.length; ) {
      let to = from;
      let bytes = 0;
      while (to < commits.length && to - from < TRANSACTIONS_MAX && bytes < BYTES_MAX) {
        commits[to]!.sentMs = nowMs;
        bytes += commits[to]!.transaction.byteLength;
        to += 1;
      }
      const message: Commit = {
        type: 'commit',
        session: handedIn.session,
        first: first + from,
        below: handedIn.below,
        transactions: commits.slice(from, to).map(({ transaction }) => transaction),
      };
      this.#gateway.send(this.#name, this.#leader, message, COORDINATOR);
      from = to;
    }
  }

  #sendAgain(handedIn: HandedIn, nowMs: number): void {
    const { commits, below } = handedIn;
    const isLate = (commit: PendingCommit | undefined) =>
      commit !== undefined && !commit.answered && nowMs - commit.sentMs >= this.#retryMs;
    const runs: [from: number, to: number][] = [];
    for (let place = 0; place < commits.length; place++) {
      if (!isLate(commits[place])) continue;
      const last = runs.at(-1);
      if (last?.[1] === place) last[1] = place + 1;
      else runs.push([place, place + 1]);
    }
    if (runs.length === 0) return;
    this.#slowDown();
    for (const [from, to] of runs) this.#send(handedIn, below + from, commits.slice(from, to));
  }

  #slowDown(): void {
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS_MAX);
  }

  /** Its leader is gone. */
  #bury(handedIn: HandedIn): void {
    if (handedIn.commits.length === 0) return;
    const untilMs = this.#mayMove ? Number.POSITIVE_INFINITY : this.#gateway.clock.now() + LAST_WORDS_MS;
    this.#orphans.push({ handedIn, untilMs });
    this.#gateway.requestFlush();
  }

  get #mayMove(): boolean {
    return this.#candidates.length > 1;
  }

  /** Something was said to it long ago, and it has not answered. */
  #isUnheard(nowMs: number): boolean {
    const isLate = ({ answered, sentMs }: PendingCommit) => !answered && nowMs - sentMs >= this.#retryMs;
    const sessions = [...this.#orphans.map(({ handedIn }) => handedIn), this.#handedIn];
    return (
      (this.#nonce !== undefined && nowMs - this.#openedMs >= this.#retryMs) ||
      sessions.some((handedIn) => handedIn?.commits.some(isLate) === true)
    );
  }

  /** The next node that is up, which may lead. */
  #tryNext(): void {
    const from = this.#candidates.indexOf(this.#leader);
    for (let step = 1; step <= this.#candidates.length; step++) {
      const next = this.#candidates[(from + step) % this.#candidates.length]!;
      if (!this.#gateway.isUp(next)) continue;
      this.#moveTo(next);
      return;
    }
  }

  /** What was handed in elsewhere is asked for there, and what is new goes into a session of its own. */
  #moveTo(leader: string): void {
    if (leader === this.#leader) return;
    this.#leader = leader;
    this.#nonce = undefined;
    const handedIn = this.#handedIn;
    this.#handedIn = undefined;
    if (handedIn !== undefined) this.#bury(handedIn);
    for (const { handedIn: former } of this.#orphans) {
      for (const commit of former.commits) commit.sentMs = Number.NEGATIVE_INFINITY;
      this.#sendAgain(former, this.#gateway.clock.now());
    }
    this.#retryMs = RETRY_MS;
    if (this.#waiting.length > 0) this.#gateway.requestFlush();
  }

  #failOverdue(nowMs: number): void {
    const isUp = this.#gateway.isUp(this.#leader);
    const overdue = this.#waiting.filter(({ deadlineMs }) => deadlineMs <= nowMs);
    if (overdue.length > 0) this.#waiting = this.#waiting.filter(({ deadlineMs }) => deadlineMs > nowMs);
    for (const commit of overdue)
      reject(
        commit,
        isUp ? new TimeoutError(A_COMMIT, commit.timeoutMs) : new NoLeaderError(A_COMMIT, this.#leader),
      );
    // They keep their places: an answer may come yet, and the leader must not think that nobody asks.
    for (const handedIn of [this.#handedIn, ...this.#orphans.map((orphans) => orphans.handedIn)]) {
      for (const commit of handedIn?.commits ?? []) {
        if (commit.deadlineMs <= nowMs) reject(commit, new TimeoutError(A_COMMIT, commit.timeoutMs));
      }
    }
  }
}
