import {
  PARTICIPANT,
  type Read,
  type Unavailable,
  type Values,
} from '../../machines/two-phase-commit/client-messages.ts';
import type { Value } from '../../machines/two-phase-commit/transaction.ts';
import type { TransactionId } from '../../machines/two-phase-commit/transaction-id.ts';
import { ClosedError, NoFollowerError, TimeoutError } from '../errors.ts';
import type { Gateway } from './gateway.ts';

/** What a key has, and which transaction wrote it; `[0, null]`: nothing. */
export type VersionedValue = readonly [version: TransactionId, value: Value | null];

interface PendingRead {
  readonly message: Read;
  readonly timeoutMs: number;
  readonly deadlineMs: number;
  /** Who was asked last; undefined: nobody could be. */
  node: string | undefined;
  sentMs: number;
  retryMs: number;
  readonly resolve: (found: VersionedValue) => void;
  readonly reject: (error: Error) => void;
}

/** The first wait for an answer before another follower is asked, too; doubled up to the maximum. */
const RETRY_MS = 250;
const RETRY_MS_MAX = 2000;
/** A follower that has no room, or cannot answer yet, is left alone for this long. */
const REFUSED_MS = 20;

/**
 * Reads of one client, each at a follower chosen at random. One that is silent, maybe because a transaction is undecided
 * there, stays asked, and another one is asked as well: whoever answers knows what is committed.
 */
export class FollowerReads {
  readonly #name: string;
  readonly #gateway: Gateway;
  readonly #followers: () => readonly string[];
  readonly #reads = new Map<number, PendingRead>();
  #nextId = 1;
  #closed = false;

  /** `followers` gives those that live. */
  constructor(name: string, gateway: Gateway, followers: () => readonly string[]) {
    this.#name = name;
    this.#gateway = gateway;
    this.#followers = followers;
  }

  /** What is committed. @throws TimeoutError, NoFollowerError, ClosedError. */
  read(key: string, timeoutMs: number): Promise<VersionedValue> {
    if (this.#closed) return Promise.reject(new ClosedError('a read'));
    const message: Read = { type: 'read', id: this.#nextId++, keys: [key] };
    return new Promise((resolve, reject) => {
      const sentMs = this.#gateway.clock.now();
      const deadlineMs = sentMs + timeoutMs;
      const read = {
        message,
        timeoutMs,
        deadlineMs,
        node: undefined,
        sentMs,
        retryMs: RETRY_MS,
        resolve,
        reject,
      };
      this.#reads.set(message.id, read);
      this.#post(read);
    });
  }

  receiveValues({ id, values }: Values): void {
    const [found] = values;
    const read = this.#reads.get(id);
    if (read === undefined || found === undefined) return;
    this.#reads.delete(id);
    read.resolve(found);
  }

  /** It does not hold the whole store yet. */
  receiveUnavailable({ id }: Unavailable, node: string): void {
    const read = this.#reads.get(id);
    if (read?.node === node) this.#soonAgain(read);
  }

  /** A follower has no room for some of what it was asked. */
  receiveRefusal(node: string): void {
    for (const read of this.#reads.values()) if (read.node === node) this.#soonAgain(read);
  }

  nodeEnded(node: string): void {
    for (const read of this.#reads.values()) if (read.node === node) this.#post(read);
  }

  nodeStarted(): void {
    for (const read of this.#reads.values()) if (read.node === undefined) this.#post(read);
  }

  tick(nowMs: number): boolean {
    for (const read of this.#reads.values()) {
      if (read.deadlineMs <= nowMs) this.#fail(read);
      else if (nowMs - read.sentMs >= read.retryMs) {
        read.retryMs = Math.min(read.retryMs * 2, RETRY_MS_MAX);
        this.#post(read);
      }
    }
    return this.#reads.size > 0;
  }

  close(): void {
    this.#closed = true;
    for (const { reject } of this.#reads.values()) reject(new ClosedError('a read'));
    this.#reads.clear();
  }

  #post(read: PendingRead): void {
    read.node = this.#another(read.node);
    read.sentMs = this.#gateway.clock.now();
    if (read.node !== undefined) this.#gateway.send(this.#name, read.node, read.message, PARTICIPANT);
    // Nothing is to be sent, but it must be looked after.
    else this.#gateway.requestFlush();
  }

  #another(last: string | undefined): string | undefined {
    const live = this.#followers();
    const others = live.filter((node) => node !== last);
    const candidates = others.length > 0 ? others : live;
    return candidates[candidates.length > 1 ? this.#gateway.random.integer(0, candidates.length - 1) : 0];
  }

  #soonAgain(read: PendingRead): void {
    read.sentMs = Math.min(read.sentMs, this.#gateway.clock.now() - read.retryMs + REFUSED_MS);
  }

  #fail(read: PendingRead): void {
    this.#reads.delete(read.message.id);
    const what = 'a read';
    read.reject(read.node === undefined ? new NoFollowerError(what) : new TimeoutError(what, read.timeoutMs));
  }
}
