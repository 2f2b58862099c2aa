import type { Message } from '../../actors/envelope.ts';
import type { Reply, Request } from '../../machines/replication/client-messages.ts';
import { encodeChunk } from '../../machines/replication/command.ts';
import { estimateBytes, plainCopy } from '../../machines/replication/plain-data.ts';
import type { Outcome } from '../../machines/replication/replicated-state.ts';
import { RESULT_FORGOTTEN } from '../../machines/replication/session-table.ts';
import { BadOperationError } from '../applications/errors.ts';
import {
  ClosedError,
  OverloadedError,
  RefusedError,
  ResultForgottenError,
  SessionExpiredError,
  type Unanswered,
} from '../errors.ts';
import type { Gateway, GatewayUser } from './gateway.ts';
import type { PendingOperation } from './pending-operation.ts';
import { isRefusal } from './refusal.ts';

/** Operations that one chunk carries at most. */
const CHUNK_OPERATIONS_MAX = 2048;
/** About the most bytes that it carries; it has one operation at least. */
const CHUNK_BYTES_MAX = 1024 * 1024;
/** The first wait for an answer before an operation is sent again; doubled up to the maximum. */
const RETRY_MS = 250;
const RETRY_MS_MAX = 2000;
/** A node that refused is left alone for this long. */
const REFUSED_MS = 20;

/**
 * Operations of one client, each applied exactly once and in the order of their calls, whatever fails on the way:
 * they are numbered, sent again until they are answered, and the replicas apply number n only after n - 1.
 */
export class Session {
  readonly #name: string;
  readonly #gateway: Gateway;
  readonly #inFlightMax: number;
  readonly #unanswered: Unanswered;
  readonly #user: GatewayUser;
  /** The session's number in the cluster; undefined until it is opened. */
  #session: number | undefined;
  #nonce: string | undefined;
  #lives = 0;
  /** Operations from the first one unanswered on, in the order of their numbers. */
  #operations: PendingOperation[] = [];
  #nextNumber = 1;
  /** Operations before this one have been sent at least once since the last reason to send again. */
  #nextToSend = 1;
  #lastProgressMs = 0;
  #retryMs = RETRY_MS;
  #closed = false;
  #idleWaiters: (() => void)[] = [];
  #openWaiters: (() => void)[] = [];
  /** The gap that was last answered by sending again. */
  #lastGap = 0;

  constructor(
    name: string,
    gateway: Gateway,
    user: GatewayUser,
    inFlightMax: number,
    unanswered: Unanswered,
  ) {
    this.#name = name;
    this.#user = user;
    this.#gateway = gateway;
    this.#inFlightMax = inFlightMax;
    this.#unanswered = unanswered;
  }

  /** Operations that no answer has come for. */
  get inFlight(): number {
    return this.#operations.length;
  }

  /** Resolves when nothing is under way. */
  idle(): Promise<void> {
    if (this.#operations.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  /** Hands an operation to the cluster. */
  execute(application: string, operation: unknown, timeoutMs: number): Promise<unknown> {
    if (this.#closed) return Promise.reject(new ClosedError(`an operation of ${application}`));
    if (this.#operations.length >= this.#inFlightMax) {
      return Promise.reject(new OverloadedError(`an operation of ${application}`, this.#inFlightMax));
    }
    let copy: unknown;
    try {
      // It is packed later, and perhaps again: what the caller does with it meanwhile must not show.
      copy = plainCopy(operation);
    } catch (error) {
      return Promise.reject(
        new BadOperationError(application, `an operation is no plain data (${String(error)})`),
      );
    }
    const nowMs = this.#gateway.clock.now();
    if (this.#operations.length === 0) this.#progress(nowMs);
    return new Promise((resolve, reject) => {
      this.#operations.push({
        number: this.#nextNumber++,
        application,
        operation: copy,
        timeoutMs,
        deadlineMs: nowMs + timeoutMs,
        resolve,
        reject,
        answered: false,
        settled: false,
      });
      this.#gateway.enqueue(this.#user);
    });
  }

  /** The number of the last operation handed in. */
  get position(): number {
    return this.#nextNumber - 1;
  }

  /** Opens the session, if it is not: resolves when the cluster knows it. */
  open(): Promise<void> {
    if (this.#session !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#openWaiters.push(resolve);
      this.#progress(this.#gateway.clock.now());
      this.#gateway.requestFlush();
    });
  }

  /** Sends what has not been sent, up to a position: the opening of the session first. */
  flush(position = this.position): void {
    if (this.#session === undefined) {
      if (this.#nonce === undefined && this.#isWaiting) this.#sendOpening();
      return;
    }
    const first = this.#operations[0];
    if (first === undefined) return;
    const end = Math.max(position + 1, this.#nextToSend);
    for (let number = Math.max(this.#nextToSend, first.number); number < end; ) {
      const chunk = this.#chunkFrom(number - first.number, end - first.number);
      this.#sendChunk(this.#session, number, first.number - 1, chunk);
      number += chunk.length;
    }
    this.#nextToSend = end;
  }

  /** Operations from one place of the queue on, as many as one chunk may carry. */
  #chunkFrom(from: number, end: number): readonly PendingOperation[] {
    let bytes = 0;
    let to = from;
    while (to < end && to - from < CHUNK_OPERATIONS_MAX && bytes < CHUNK_BYTES_MAX) {
      bytes += estimateBytes(this.#operations[to]!.operation);
      to += 1;
    }
    return this.#operations.slice(from, to);
  }

  receiveReply({ outcome }: Reply): void {
    const nowMs = this.#gateway.clock.now();
    switch (outcome.kind) {
      case 'opened':
        if (outcome.nonce !== this.#nonce || this.#session !== undefined) return;
        this.#session = outcome.session;
        for (const resolve of this.#openWaiters.splice(0)) resolve();
        this.#progress(nowMs);
        this.#gateway.requestFlush();
        return;
      case 'results':
        if (outcome.session === this.#session) this.#settle(outcome, nowMs);
        return;
      case 'gap':
        if (outcome.session === this.#session) this.#sendAgain(outcome.expected);
        return;
      case 'expired':
        if (outcome.session === this.#session) this.#expire();
        return;
      case 'malformed':
        return;
      default:
        outcome satisfies never;
    }
  }

  /** The node has no room: tries again a little later. */
  receiveRefusal(): void {
    this.#lastProgressMs = Math.min(
      this.#lastProgressMs,
      this.#gateway.clock.now() - this.#retryMs + REFUSED_MS,
    );
  }

  get #isWaiting(): boolean {
    return this.#operations.length > 0 || this.#openWaiters.length > 0;
  }

  tick(nowMs: number): boolean {
    if (!this.#isWaiting) return false;
    for (const operation of this.#operations) {
      if (!operation.settled && operation.deadlineMs <= nowMs) this.#fail(operation);
    }
    if (nowMs - this.#lastProgressMs >= this.#retryMs) {
      if (nowMs - this.#gateway.targetServedMs >= RETRY_MS) this.#gateway.turnFrom(this.#gateway.target);
      this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS_MAX);
      this.#lastProgressMs = nowMs;
      this.#sendAllAgain();
    }
    return true;
  }

  /** Whatever was on its way there is lost. */
  nodeEnded(): void {
    if (this.#isWaiting) this.#sendAllAgain();
  }

  close(): void {
    this.#closed = true;
    for (const operation of this.#operations) {
      if (!operation.settled) operation.reject(new ClosedError(`an operation of ${operation.application}`));
    }
    this.#operations = [];
    for (const resolve of this.#openWaiters.splice(0)) resolve();
    this.#tellIdle();
  }

  #sendOpening(): void {
    this.#nonce = `${this.#name}.${++this.#lives}.${this.#gateway.random.integer(0, 2 ** 31 - 1)}`;
    this.#sendRequest(encodeChunk({ kind: 'open', nonce: this.#nonce }), this.#nonce);
  }

  #sendChunk(
    session: number,
    first: number,
    acknowledged: number,
    operations: readonly PendingOperation[],
  ): void {
    const named = operations.map(({ application, operation }) => [application, operation] as const);
    this.#sendRequest(
      encodeChunk({ kind: 'operations', session, first, acknowledged, operations: named }),
      session,
    );
  }

  #sendRequest(chunk: Uint8Array, key: number | string): void {
    const request: Request = { type: 'request', chunk, key };
    this.#gateway.send(this.#name, this.#gateway.target, request satisfies Message);
  }

  #settle({ first, results }: Extract<Outcome, { kind: 'results' }>, nowMs: number): void {
    const base = this.#operations[0]?.number;
    if (base === undefined) return;
    results.forEach((result, index) => {
      const operation = this.#operations[first + index - base];
      if (operation === undefined || operation.answered) return;
      operation.answered = true;
      if (!operation.settled) settleWith(operation, result);
    });
    let answered = 0;
    while (this.#operations[answered]?.answered === true) answered += 1;
    if (answered === 0) return;
    this.#operations.splice(0, answered);
    this.#progress(nowMs);
    if (this.#operations.length === 0) this.#tellIdle();
  }

  #fail(operation: PendingOperation): void {
    operation.settled = true;
    const what = `an operation of ${operation.application}`;
    const { timeoutMs } = operation;
    operation.reject(this.#unanswered(what, timeoutMs));
  }

  #progress(nowMs: number): void {
    this.#lastProgressMs = nowMs;
    this.#retryMs = RETRY_MS;
  }

  /** Chunks behind a gap all say so; what is sent for the first of them serves them all. */
  #sendAgain(expected: number): void {
    const base = this.#operations[0]?.number;
    if (base === undefined || expected < base || expected >= this.#nextToSend) return;
    if (expected === this.#lastGap) return;
    this.#lastGap = expected;
    this.#nextToSend = expected;
    this.#gateway.requestFlush();
  }

  #sendAllAgain(): void {
    this.#lastGap = 0;
    if (this.#session === undefined) this.#nonce = undefined;
    this.#nextToSend = this.#operations[0]?.number ?? this.#nextNumber;
    this.#gateway.requestFlush();
  }

  #expire(): void {
    for (const operation of this.#operations) {
      if (!operation.settled)
        operation.reject(new SessionExpiredError(`an operation of ${operation.application}`));
    }
    this.#operations = [];
    this.#session = undefined;
    this.#nonce = undefined;
    this.#nextNumber = 1;
    this.#nextToSend = 1;
    this.#tellIdle();
  }

  #tellIdle(): void {
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const resolve of waiters) resolve();
  }
}

function settleWith(operation: PendingOperation, result: unknown): void {
  operation.settled = true;
  if (isRefusal(result)) {
    const { refused } = result;
    if (refused === RESULT_FORGOTTEN) {
      operation.reject(new ResultForgottenError(`an operation of ${operation.application}`));
      return;
    }
    operation.reject(new RefusedError(refused, `${operation.application} refused an operation: ${refused}`));
  } else {
    operation.resolve(result);
  }
}
