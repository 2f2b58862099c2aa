import type { Answer, Answers, Follow, Followed, Query } from '../../machines/replication/client-messages.ts';
import { plainCopy } from '../../machines/replication/plain-data.ts';
import { ClosedError, RefusedError, type Unanswered } from '../errors.ts';
import type { Gateway } from './gateway.ts';
import { isRefusal } from './refusal.ts';

/** A question that a client waits for. */
interface PendingQuestion {
  readonly application: string;
  readonly query: unknown;
  readonly timeoutMs: number;
  readonly deadlineMs: number;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Questions that were sent together. */
interface Round {
  readonly linearizable: boolean;
  /** The one node to ask; undefined: whichever is the target. */
  readonly node: string | undefined;
  readonly questions: (PendingQuestion | undefined)[];
  sentTo: string;
  sentMs: number;
}

interface PendingFollow {
  readonly node: string;
  readonly application: string;
  readonly message: Follow;
  sentMs: number;
  readonly resolve: (news: { answer: unknown; version: number } | undefined) => void;
  readonly reject: (error: Error) => void;
}

const RETRY_MS = 250;
/** News may be long in coming; the question, or the news, may also be lost, or have been refused by a full node. */
const FOLLOW_RETRY_MS = 1000;

/** What a client asks of the applications. Questions of one moment travel, and are confirmed, together. */
export class Questions {
  readonly #name: string;
  readonly #gateway: Gateway;
  readonly #unanswered: Unanswered;
  readonly #rounds = new Map<number, Round>();
  readonly #follows = new Map<number, PendingFollow>();
  #linearizable: PendingQuestion[] = [];
  #nextId = 1;
  #closed = false;

  constructor(name: string, gateway: Gateway, unanswered: Unanswered) {
    this.#name = name;
    this.#gateway = gateway;
    this.#unanswered = unanswered;
  }

  /** Asks for an answer that reflects every operation completed before this call. */
  askLinearizable(application: string, query: unknown, timeoutMs: number): Promise<unknown> {
    if (this.#closed) return Promise.reject(new ClosedError('a question'));
    return new Promise((resolve, reject) => {
      this.#linearizable.push(this.#question(application, query, timeoutMs, resolve, reject));
      this.#gateway.noteWaiting();
    });
  }

  /** Asks one node (or the target) for an answer from what it has applied. */
  askStale(
    application: string,
    query: unknown,
    timeoutMs: number,
    node: string | undefined,
  ): Promise<unknown> {
    if (this.#closed) return Promise.reject(new ClosedError('a question'));
    return new Promise((resolve, reject) => {
      this.#send(false, [this.#question(application, query, timeoutMs, resolve, reject)], node);
    });
  }

  /**
   * Asks one node for an answer once the application has applied more than `newerThan` operations there.
   * Resolves with undefined when the node ends before.
   */
  follow(
    application: string,
    query: unknown,
    newerThan: number,
    node: string,
  ): Promise<{ answer: unknown; version: number } | undefined> {
    if (this.#closed || !this.#gateway.isUp(node)) return Promise.resolve(undefined);
    const id = this.#nextId++;
    const message: Follow = { type: 'follow', id, application, query, newerThan };
    return new Promise((resolve, reject) => {
      this.#follows.set(id, {
        node,
        application,
        message,
        sentMs: this.#gateway.clock.now(),
        resolve,
        reject,
      });
      this.#gateway.send(this.#name, node, message);
    });
  }

  flush(): void {
    if (this.#linearizable.length === 0) return;
    const questions = this.#linearizable;
    this.#linearizable = [];
    this.#send(true, questions, undefined);
  }

  receiveAnswers({ id, first, answers }: Answers, node: string): void {
    const round = this.#rounds.get(id);
    if (round === undefined) return;
    if (round.linearizable) this.#gateway.noteServed(node);
    answers.forEach((answer, index) => {
      const question = round.questions[first + index];
      round.questions[first + index] = undefined;
      if (question !== undefined) settle(question, question.application, answer);
    });
    if (round.questions.every((question) => question === undefined)) this.#rounds.delete(id);
  }

  receiveNews({ id, answer, version }: Followed): void {
    const follow = this.#follows.get(id);
    if (follow === undefined) return;
    this.#follows.delete(id);
    const { resolve, reject, application } = follow;
    settle({ resolve: (value: unknown) => resolve({ answer: value, version }), reject }, application, answer);
  }

  tick(nowMs: number): boolean {
    for (const [id, round] of this.#rounds) {
      round.questions.forEach((question, index) => {
        if (question === undefined || question.deadlineMs > nowMs) return;
        round.questions[index] = undefined;
        const what = `a question to ${question.application}`;
        const { timeoutMs } = question;
        question.reject(this.#unanswered(what, timeoutMs));
      });
      if (round.questions.every((question) => question === undefined)) this.#rounds.delete(id);
      else if (nowMs - round.sentMs >= RETRY_MS) this.#sendAgain(id, round, nowMs);
    }
    for (const follow of this.#follows.values()) {
      if (nowMs - follow.sentMs < FOLLOW_RETRY_MS) continue;
      follow.sentMs = nowMs;
      this.#gateway.send(this.#name, follow.node, follow.message);
    }
    return this.#rounds.size > 0 || this.#follows.size > 0;
  }

  nodeEnded(node: string): void {
    for (const [id, follow] of this.#follows) {
      if (follow.node !== node) continue;
      this.#follows.delete(id);
      follow.resolve(undefined);
    }
    for (const [id, round] of this.#rounds) {
      if (round.sentTo === node && round.node === undefined) this.#post(id, round);
    }
  }

  close(): void {
    this.#closed = true;
    const closed = new ClosedError('a question');
    for (const { questions } of this.#rounds.values())
      for (const question of questions) question?.reject(closed);
    for (const question of this.#linearizable) question.reject(closed);
    for (const { resolve } of this.#follows.values()) resolve(undefined);
    this.#rounds.clear();
    this.#follows.clear();
    this.#linearizable = [];
  }

  #question(
    application: string,
    query: unknown,
    timeoutMs: number,
    resolve: (answer: unknown) => void,
    reject: (error: Error) => void,
  ): PendingQuestion {
    const deadlineMs = this.#gateway.clock.now() + timeoutMs;
    return { application, query: plainCopy(query), timeoutMs, deadlineMs, resolve, reject };
  }

  #send(linearizable: boolean, questions: PendingQuestion[], node: string | undefined): void {
    const id = this.#nextId++;
    const round: Round = { linearizable, node, questions, sentTo: '', sentMs: 0 };
    this.#rounds.set(id, round);
    this.#post(id, round);
  }

  #sendAgain(id: number, round: Round, nowMs: number): void {
    if (round.node === undefined && nowMs - this.#gateway.targetServedMs >= RETRY_MS) {
      this.#gateway.turnFrom(round.sentTo);
    }
    this.#post(id, round);
  }

  #post(id: number, round: Round): void {
    round.sentTo = round.node ?? this.#gateway.target;
    round.sentMs = this.#gateway.clock.now();
    const { linearizable } = round;
    // A question that has failed keeps its place, so that the answers keep theirs.
    const questions = round.questions.map(
      (question) => [question?.application ?? '', question?.query] as const,
    );
    const message: Query = { type: 'query', id, linearizable, questions };
    this.#gateway.send(this.#name, round.sentTo, message);
  }
}

function settle(
  { resolve, reject }: Pick<PendingQuestion, 'resolve' | 'reject'>,
  application: string,
  [answer, code, message]: Answer,
): void {
  if (code !== undefined && code !== null) reject(new RefusedError(codeOf(code), message ?? code));
  else if (isRefusal(answer)) {
    reject(new RefusedError(answer.refused, `${application} refused a question: ${answer.refused}`));
  } else resolve(answer);
}

function codeOf(code: string): `SYNOD_${string}` {
  return code.startsWith('SYNOD_') ? (code as `SYNOD_${string}`) : `SYNOD_${code}`;
}
