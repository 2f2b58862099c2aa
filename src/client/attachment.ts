import type { Attach, Write } from '../../machines/eventual/client-messages.ts';
import { type PreparedOperation, packPrepared } from '../../machines/eventual/operations.ts';
import type { Session } from '../../machines/eventual/session.ts';

/** A put or a delete that a client waits for. */
export interface PendingWrite {
  readonly what: 'a put' | 'a delete';
  readonly operation: PreparedOperation;
  readonly timeoutMs: number;
  readonly deadlineMs: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  /** Its caller has an answer, or was told that there was none in time. */
  settled: boolean;
}

interface Sent {
  readonly message: Write;
  readonly writes: readonly PendingWrite[];
}

/** The first wait for an answer before messages are sent again; doubled up to the maximum. */
const RETRY_MS = 250;
const RETRY_MS_MAX = 2000;
/** A server that has no room is left alone for this long. */
const REFUSED_MS = 20;

/**
 * The writes of one client to one life of a server, which gives it a name. They are numbered, and sent again as they were
 * until they are answered; the server takes each once and in their order. When it ends, the attachment ends with it:
 * what was sent and not answered has happened or not, and must not be sent to another life, for there it would be a
 * second write.
 */
export class Attachment {
  readonly server: string;
  readonly #id: number;
  readonly #post: (message: Attach | Write) => void;
  #name: string | undefined;
  #unanswered: Sent[] = [];
  #nextNumber = 1;
  #lastProgressMs: number;
  #retryMs = RETRY_MS;
  /** The gap that was last filled by sending again. */
  #lastGap = 0;

  /** `id` tells it from others of the client. */
  constructor(id: number, server: string, nowMs: number, post: (message: Attach | Write) => void) {
    this.server = server;
    this.#id = id;
    this.#post = post;
    this.#lastProgressMs = nowMs;
    post({ type: 'attach', id });
  }

  /** What the server calls it; undefined until it has answered. Nothing is written before. */
  get name(): string | undefined {
    return this.#name;
  }

  /** Whether no caller waits for an answer. Writes that were given up may still be on their way. */
  get isSettled(): boolean {
    return this.#unanswered.every(({ writes }) => writes.every(({ settled }) => settled));
  }

  /** Sends writes, at least one, as one message under its name. */
  write(attachment: string, session: Session, writes: readonly PendingWrite[], nowMs: number): void {
    const operations = packPrepared(writes.map(({ operation }) => operation));
    const message: Write = { type: 'write', attachment, number: this.#nextNumber++, session, operations };
    if (this.#unanswered.length === 0) this.#noteProgress(nowMs);
    this.#unanswered.push({ message, writes });
    this.#post(message);
  }

  /** The server knows it now, under this name. */
  receiveAttached(id: number, name: string, nowMs: number): void {
    // One that was asked twice answers twice.
    if (id !== this.#id || this.#name !== undefined) return;
    this.#name = name;
    this.#noteProgress(nowMs);
  }

  /** The server has done what this message said. */
  receiveWritten(number: number, nowMs: number): void {
    for (const write of this.#take(number, nowMs)) resolveWrite(write);
  }

  /** The server does nothing of what this message said. */
  receiveRefusal(number: number, error: Error, nowMs: number): void {
    for (const write of this.#take(number, nowMs)) rejectWrite(write, error);
  }

  /** Messages behind a gap all say so; what is sent for the first of them serves them all. */
  receiveGap(expected: number): void {
    if (expected === this.#lastGap) return;
    this.#lastGap = expected;
    for (const { message } of this.#unanswered) if (message.number >= expected) this.#post(message);
  }

  /** The server has no room: tries again a little later. */
  postpone(nowMs: number): void {
    this.#lastProgressMs = Math.min(this.#lastProgressMs, nowMs - this.#retryMs + REFUSED_MS);
  }

  /** Sends again what has waited too long. True while anything is unanswered. */
  tick(nowMs: number): boolean {
    if (this.#name !== undefined && this.#unanswered.length === 0) return false;
    if (nowMs - this.#lastProgressMs >= this.#retryMs) {
      this.#lastProgressMs = nowMs;
      this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS_MAX);
      this.#lastGap = 0;
      if (this.#name === undefined) this.#post({ type: 'attach', id: this.#id });
      for (const { message } of this.#unanswered) this.#post(message);
    }
    return true;
  }

  /** Fails those whose time is over; they stay in their places, so that later ones keep theirs. */
  expire(nowMs: number, errorOf: (write: PendingWrite) => Error): void {
    for (const write of this.#writes()) if (write.deadlineMs <= nowMs) rejectWrite(write, errorOf(write));
  }

  /** Nothing will be answered any more. */
  end(errorOf: (write: PendingWrite) => Error): void {
    const writes = this.#writes();
    this.#unanswered = [];
    for (const write of writes) rejectWrite(write, errorOf(write));
  }

  #writes(): PendingWrite[] {
    return this.#unanswered.flatMap(({ writes }) => writes);
  }

  #take(number: number, nowMs: number): readonly PendingWrite[] {
    const place = this.#unanswered.findIndex(({ message }) => message.number === number);
    if (place < 0) return [];
    const [sent] = this.#unanswered.splice(place, 1);
    this.#noteProgress(nowMs);
    return sent?.writes ?? [];
  }

  #noteProgress(nowMs: number): void {
    this.#lastProgressMs = nowMs;
    this.#retryMs = RETRY_MS;
    this.#lastGap = 0;
  }
}

export function rejectWrite(write: PendingWrite, error: Error): void {
  if (write.settled) return;
  write.settled = true;
  write.reject(error);
}

function resolveWrite(write: PendingWrite): void {
  if (write.settled) return;
  write.settled = true;
  write.resolve();
}
