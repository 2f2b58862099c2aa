import type { Read } from '../../machines/eventual/client-messages.ts';
import type { VectorClock } from '../../machines/eventual/vector-clock.ts';
import type { StoreValue } from './store-value.ts';

/** A key that a client has asked for. */
export interface PendingRead {
  readonly key: string;
  readonly timeoutMs: number;
  readonly deadlineMs: number;
  readonly resolve: (value: StoreValue | undefined) => void;
  readonly reject: (error: Error) => void;
  /** Its caller has an answer, or was told that there was none in time. */
  settled: boolean;
}

const RETRY_MS = 250;

/** Keys that were asked for together. To ask again does no harm. */
export class Reading {
  readonly #message: Read;
  readonly #reads: readonly PendingRead[];
  readonly #post: (message: Read) => void;
  #sentMs: number;

  constructor(
    id: number,
    past: VectorClock,
    reads: readonly PendingRead[],
    nowMs: number,
    post: (message: Read) => void,
  ) {
    this.#message = { type: 'read', id, past, keys: reads.map(({ key }) => key) };
    this.#reads = reads;
    this.#post = post;
    this.#sentMs = nowMs;
    post(this.#message);
  }

  get id(): number {
    return this.#message.id;
  }

  /** Whether no caller waits any more. */
  get isSettled(): boolean {
    return this.#reads.every(({ settled }) => settled);
  }

  receive(values: readonly unknown[]): void {
    // Plain data, by what clients may put.
    for (const [place, read] of this.#reads.entries())
      resolveRead(read, values[place] as StoreValue | undefined);
  }

  fail(error: Error): void {
    for (const read of this.#reads) rejectRead(read, error);
  }

  /** Fails those whose time is over. */
  expire(nowMs: number, errorOf: (read: PendingRead) => Error): void {
    for (const read of this.#reads) if (read.deadlineMs <= nowMs) rejectRead(read, errorOf(read));
  }

  /** Asks again where it has waited too long. */
  tick(nowMs: number): void {
    if (nowMs - this.#sentMs < RETRY_MS) return;
    this.#sentMs = nowMs;
    this.#post(this.#message);
  }

  /** The server had no room: asks again soon. */
  postpone(nowMs: number): void {
    this.#sentMs = nowMs - RETRY_MS;
  }
}

export function rejectRead(read: PendingRead, error: Error): void {
  if (read.settled) return;
  read.settled = true;
  read.reject(error);
}

function resolveRead(read: PendingRead, value: StoreValue | undefined): void {
  if (read.settled) return;
  read.settled = true;
  read.resolve(value);
}
