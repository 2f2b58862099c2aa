import type { Message } from '../../actors/envelope.ts';
import type { ClientAnswer, Detach } from '../../machines/eventual/client-messages.ts';
import { mergeSessions, NEW_SESSION, type Session } from '../../machines/eventual/session.ts';
import {
  ClosedError,
  DependencyError,
  RefusedError,
  TimeoutError,
  UnknownOutcomeError,
  UnreachableError,
} from '../errors.ts';
import { Attachment, type PendingWrite, rejectWrite } from './attachment.ts';
import type { Gateway, GatewayUser } from './gateway.ts';
import { type PendingRead, Reading, rejectRead } from './reading.ts';
import { type PendingMove, type Step, Steps } from './steps.ts';
import type { Sender, WriteOrder } from './write-order.ts';

/** Those that wait are looked at so often, once the time of one was over. */
const EXPIRY_MS = 250;
/** About the most bytes of writes that one message carries; it has one write at least. */
const WRITE_BYTES_MAX = 128 * 1024;
/** Keys that one message asks for at most. */
const READ_KEYS_MAX = 256;

/** Where a client stands, what its session has read and written, and what it does there, step by step. */
export class StoreSession implements GatewayUser, Sender {
  /** Steps are sent in the order of {@link WriteOrder}, not in that of the gateway. */
  readonly position = 0;
  readonly #name: string;
  readonly #gateway: Gateway;
  readonly #order: WriteOrder;
  #server: string | undefined;
  #session: Session = NEW_SESSION;
  readonly #steps = new Steps();
  #attachment: Attachment | undefined;
  #attachmentsMade = 0;
  #reading: Reading | undefined;
  #readingsMade = 0;
  /** Nothing that is under way has to be answered before this. */
  #earliestDeadlineMs = Number.POSITIVE_INFINITY;

  constructor(name: string, gateway: Gateway, order: WriteOrder, server: string) {
    this.#name = name;
    this.#gateway = gateway;
    this.#order = order;
    this.#server = server;
    gateway.join(name, this);
  }

  /** Where it stands now. */
  get server(): string | undefined {
    return this.#server;
  }

  /** Does this when its turn has come. */
  begin(step: Step): void {
    if (step.kind !== 'move') {
      const { deadlineMs } = step.kind === 'write' ? step.write : step.read;
      this.#earliestDeadlineMs = Math.min(this.#earliestDeadlineMs, deadlineMs);
    }
    this.#order.note(this.#server, this, this.#steps.add(step));
  }

  /** Fails all that is under way, and goes. */
  close(): void {
    this.#detach((write) => new ClosedError(write.what));
    this.#failReads(new ClosedError('a get'));
    for (; this.#steps.first !== undefined; this.#steps.shift()) {
      const step = this.#steps.first;
      if (step.kind === 'move') step.move.resolve();
      else if (step.kind === 'read') rejectRead(step.read, new ClosedError('a get'));
      else rejectWrite(step.write, new ClosedError(step.write.what));
    }
    this.#gateway.leave(this.#name);
    // Others may wait for it.
    this.#gateway.requestFlush();
  }

  flush(): void {}

  /** For {@link WriteOrder}. */
  advance(position: number): boolean {
    for (;;) {
      const step = this.#steps.firstUpTo(position);
      // A read shows what was written before it, and what follows it follows what it shows.
      if (step === undefined || this.#reading !== undefined) return true;
      if (step.kind === 'write' && step.write.settled) {
        this.#steps.shift();
      } else if (step.kind === 'write') {
        if (!this.#sendWrites(position)) return false;
      } else if (this.#attachment?.isSettled === false) {
        return true;
      } else if (step.kind === 'read') {
        this.#sendReads(position);
      } else {
        this.#steps.shift();
        this.#arrive(step.move);
        return true;
      }
    }
  }

  /** What waited for an answer may go on. */
  #resume(): void {
    if (this.#steps.first !== undefined) this.#order.note(this.#server, this, this.#steps.last);
  }

  /** The server to send to; undefined, and then nothing of this was begun, where it is down. */
  get #reached(): string | undefined {
    return this.#server !== undefined && this.#gateway.isUp(this.#server) ? this.#server : undefined;
  }

  /** Sends the writes that come next, up to a position, as many as one message takes. False when it must attach before. */
  #sendWrites(position: number): boolean {
    const server = this.#reached;
    const nowMs = this.#gateway.clock.now();
    if (server !== undefined && this.#attachment === undefined) {
      this.#attachment = new Attachment(++this.#attachmentsMade, server, nowMs, (message) =>
        this.#gateway.send(this.#name, server, message),
      );
    }
    const attachment = this.#attachment;
    const name = attachment?.name;
    if (server !== undefined && name === undefined) return false;
    const writes: PendingWrite[] = [];
    for (let bytes = 0; bytes < WRITE_BYTES_MAX; ) {
      const step = this.#steps.firstUpTo(position);
      if (step?.kind !== 'write') break;
      this.#steps.shift();
      const { write } = step;
      if (server === undefined) {
        rejectWrite(write, new UnreachableError(write.what, this.#server));
      } else if (!write.settled) {
        bytes += write.operation.keyBytes + write.operation.valueBytes;
        writes.push(write);
      }
    }
    if (name !== undefined && writes.length > 0) attachment?.write(name, this.#session, writes, nowMs);
    return true;
  }

  /** Asks for the keys that come next, up to a position. */
  #sendReads(position: number): void {
    const server = this.#reached;
    const reads: PendingRead[] = [];
    while (reads.length < READ_KEYS_MAX) {
      const step = this.#steps.firstUpTo(position);
      if (step?.kind !== 'read') break;
      this.#steps.shift();
      const { read } = step;
      if (server === undefined) rejectRead(read, new UnreachableError('a get', this.#server));
      else if (!read.settled) reads.push(read);
    }
    if (server === undefined || reads.length === 0) return;
    const { past } = this.#session;
    this.#reading = new Reading(++this.#readingsMade, past, reads, this.#gateway.clock.now(), (message) =>
      this.#gateway.send(this.#name, server, message),
    );
  }

  #arrive({ server, resolve }: PendingMove): void {
    // Writes that were given up may still happen there.
    this.#detach((write) => new UnknownOutcomeError(write.what, 'the client has moved on'));
    this.#server = server;
    resolve();
    this.#resume();
  }

  receive(message: Message, node: string): void {
    // By its type: our own servers say it.
    const answer = message as ClientAnswer | { readonly type: 'refused' };
    const nowMs = this.#gateway.clock.now();
    const attachment = this.#attachment;
    switch (answer.type) {
      case 'attached':
        attachment?.receiveAttached(answer.id, answer.attachment, nowMs);
        this.#gateway.requestFlush();
        return;
      case 'written':
        // Also what was given up was written.
        this.#session = mergeSessions(this.#session, answer.session);
        if (answer.attachment === attachment?.name) attachment.receiveWritten(answer.number, nowMs);
        this.#resume();
        return;
      case 'writeGap':
        if (answer.attachment === attachment?.name) attachment.receiveGap(answer.expected);
        return;
      case 'writeRefused':
        if (answer.attachment !== attachment?.name) return;
        attachment.receiveRefusal(
          answer.number,
          new RefusedError(codeOf(answer.code), answer.message),
          nowMs,
        );
        this.#resume();
        return;
      case 'unattached':
        if (answer.attachment === attachment?.name) this.#loseAttachment('the server has forgotten it');
        return;
      case 'refused':
        attachment?.postpone(nowMs);
        this.#reading?.postpone(nowMs);
        return;
      case 'values':
        if (answer.id !== this.#reading?.id) return;
        this.#session = mergeSessions(this.#session, answer.session);
        this.#endReading((reading) => reading.receive(answer.values));
        return;
      case 'behind':
        if (answer.id === this.#reading?.id) this.#failReads(new DependencyError('a get', node));
        return;
      case 'readRefused':
        if (answer.id === this.#reading?.id)
          this.#failReads(new RefusedError(codeOf(answer.code), answer.message));
        return;
      default:
    }
  }

  tick(nowMs: number): boolean {
    if (nowMs >= this.#earliestDeadlineMs) this.#expire(nowMs);
    this.#reading?.tick(nowMs);
    const writesWait = this.#attachment?.tick(nowMs) ?? false;
    return writesWait || this.#isWaiting;
  }

  /** Whether anybody may wait for an answer. */
  get #isWaiting(): boolean {
    const isWritten = this.#attachment?.isSettled ?? true;
    return !isWritten || this.#reading !== undefined || this.#steps.first !== undefined;
  }

  /** Fails what has waited too long; what has not begun will not. */
  #expire(nowMs: number): void {
    const lateWrite = ({ what, timeoutMs }: PendingWrite) => new TimeoutError(what, timeoutMs);
    const lateRead = ({ timeoutMs }: PendingRead) => new TimeoutError('a get', timeoutMs);
    this.#attachment?.expire(nowMs, lateWrite);
    this.#reading?.expire(nowMs, lateRead);
    for (const step of this.#steps.waiting) {
      if (step.kind === 'write' && step.write.deadlineMs <= nowMs)
        rejectWrite(step.write, lateWrite(step.write));
      else if (step.kind === 'read' && step.read.deadlineMs <= nowMs)
        rejectRead(step.read, lateRead(step.read));
    }
    if (this.#reading?.isSettled) this.#reading = undefined;
    this.#earliestDeadlineMs = this.#isWaiting ? nowMs + EXPIRY_MS : Number.POSITIVE_INFINITY;
    this.#resume();
  }

  nodeEnded(node: string): void {
    if (node !== this.#server) return;
    this.#loseAttachment(`server ${node} ended before it answered`);
    this.#failReads(new UnreachableError('a get', node));
  }

  #loseAttachment(why: string): void {
    const attachment = this.#attachment;
    this.#attachment = undefined;
    attachment?.end(({ what }) => new UnknownOutcomeError(what, why));
    this.#resume();
  }

  /** Leaves the server, if it has written there. */
  #detach(errorOf: (write: PendingWrite) => Error): void {
    const attachment = this.#attachment;
    this.#attachment = undefined;
    if (attachment === undefined) return;
    attachment.end(errorOf);
    if (attachment.name === undefined) return;
    const message: Detach = { type: 'detach', attachment: attachment.name };
    this.#gateway.send(this.#name, attachment.server, message);
  }

  #endReading(how: (reading: Reading) => void): void {
    const reading = this.#reading;
    this.#reading = undefined;
    if (reading !== undefined) how(reading);
    this.#resume();
  }

  #failReads(error: Error): void {
    this.#endReading((reading) => reading.fail(error));
  }
}

function codeOf(code: string): `SYNOD_${string}` {
  return code.startsWith('SYNOD_') ? (code as `SYNOD_${string}`) : `SYNOD_${code}`;
}
