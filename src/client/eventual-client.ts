import type { Message } from '../../actors/envelope.ts';
import type { ClientAnswer, Detach, Read } from '../../machines/eventual/client-messages.ts';
import { prepareOperation } from '../../machines/eventual/operations.ts';
import { mergeSessions, NEW_SESSION, type Session } from '../../machines/eventual/session.ts';
import {
  ClosedError,
  DependencyError,
  OverloadedError,
  RefusedError,
  TimeoutError,
  UnknownOutcomeError,
  UnreachableError,
} from '../errors.ts';
import { Attachment, type PendingWrite } from './attachment.ts';
import type { ClientOptions } from './client.ts';
import type { Gateway, GatewayUser } from './gateway.ts';
import type { Sender, WriteOrder } from './write-order.ts';

/** What a key may hold: plain data. */
export type StoreValue =
  | string
  | number
  | boolean
  | null
  | Uint8Array
  | readonly StoreValue[]
  | { readonly [key: string]: StoreValue };

/** What a client needs of its cluster. */
export interface EventualClientSurroundings {
  /** The server to stand at. */
  readonly server: string;
  readonly order: WriteOrder;
  /** The name of a server. @throws SynodError for a number that is none's. */
  nameOf(node: number): string;
  /** The client was disposed of. */
  readonly closed: () => void;
}

interface PendingRead {
  readonly key: string;
  readonly timeoutMs: number;
  readonly deadlineMs: number;
  readonly resolve: (value: StoreValue | undefined) => void;
  readonly reject: (error: Error) => void;
  settled: boolean;
}

/** What a client has been asked for, in the order of the calls. */
type Step =
  | { readonly kind: 'write'; readonly position: number; readonly write: PendingWrite }
  | { readonly kind: 'read'; readonly position: number; readonly read: PendingRead }
  | {
      readonly kind: 'move';
      readonly position: number;
      readonly server: string | undefined;
      readonly resolve: () => void;
    };

/** Keys that were asked for together. */
interface Asked {
  readonly message: Read;
  readonly reads: readonly PendingRead[];
  sentMs: number;
}

const TIMEOUT_MS = 10_000;
const IN_FLIGHT_MAX = 65_536;
const RETRY_MS = 250;
/** About the most bytes of writes that one message carries; it has one write at least. */
const WRITE_BYTES_MAX = 128 * 1024;
/** Keys that one message asks for at most. */
const READ_KEYS_MAX = 256;

/**
 * A client of an eventually consistent store, with its session. It stands at one server and takes the session along
 * when it moves to another: it reads its own writes and never anything older than what it has read, and its
 * writes follow both. Where a server lacks that past, a read fails; a write is always taken.
 *
 * What it is asked for happens in the order of the calls, though no call waits for the one before: writes that follow
 * one another are under way together, reads and moves wait for the writes before them. Make one by `cluster.client()`.
 */
export class EventualClient implements AsyncDisposable, Sender {
  readonly name: string;
  readonly #gateway: Gateway;
  readonly #surroundings: EventualClientSurroundings;
  readonly #timeoutMs: number;
  readonly #inFlightMax: number;
  #server: string | undefined;
  #session: Session = NEW_SESSION;
  #attachment: Attachment | undefined;
  #attachmentsMade = 0;
  #asked: Asked | undefined;
  #nextQuestion = 1;
  /** Steps from this place on have not begun. */
  #steps: Step[] = [];
  #next = 0;
  #position = 0;
  #inFlight = 0;
  #idleWaiters: (() => void)[] = [];
  /** Nothing that is under way has to be answered before this. */
  #earliestDeadlineMs = Number.POSITIVE_INFINITY;
  #closed = false;

  /** Use `cluster.client()`. */
  constructor(name: string, gateway: Gateway, options: ClientOptions & EventualClientSurroundings) {
    const { timeoutMs = TIMEOUT_MS, inFlightMax = IN_FLIGHT_MAX } = options;
    this.name = name;
    this.#gateway = gateway;
    this.#surroundings = options;
    this.#timeoutMs = timeoutMs;
    this.#inFlightMax = inFlightMax;
    this.#server = options.server;
    const user: GatewayUser = {
      position: 0,
      receive: (message, node) => this.#receive(message, node),
      flush: () => {},
      tick: (nowMs) => this.#tick(nowMs),
      nodeEnded: (node) => this.#nodeEnded(node),
    };
    gateway.join(name, user);
  }

  /** The server that it stands at; undefined after {@link leave}. Calls that have not begun may yet change that. */
  get node(): number | undefined {
    return this.#server === undefined ? undefined : Number(this.#server);
  }

  /** Puts, deletes and gets that no answer has come for. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /**
   * Stores a value. Resolves when the server has it on disk; the others hear of it later.
   * @throws UnreachableError, OverloadedError: it was not begun. UnknownOutcomeError: it was stored or not. TimeoutError:
   *   it may have been stored, or be yet, before any later write of this client at this server. BadOperationError,
   *   TypeError: no key, or no value, that can be stored.
   */
  put(key: string, value: StoreValue, options: { readonly timeoutMs?: number } = {}): Promise<void> {
    return this.#write('a put', key, value, options);
  }

  /** Deletes a key, whether there is such a key or not. As {@link put}. */
  delete(key: string, options: { readonly timeoutMs?: number } = {}): Promise<void> {
    return this.#write('a delete', key, undefined, options);
  }

  /**
   * The value of a key; undefined for none.
   * @throws DependencyError when the server does not yet hold what this session has read and written, whatever the key;
   *   UnreachableError; TimeoutError.
   */
  get(
    key: string,
    { timeoutMs = this.#timeoutMs }: { readonly timeoutMs?: number } = {},
  ): Promise<StoreValue | undefined> {
    return this.#begin('a get', (resolve, reject) => {
      const deadlineMs = this.#deadline(timeoutMs);
      const read: PendingRead = { key, timeoutMs, deadlineMs, resolve, reject, settled: false };
      return { kind: 'read', position: ++this.#position, read };
    });
  }

  /**
   * Goes to another server, dead or alive, and takes the session along. Resolves when it has: when all that it has
   * written before is answered, or given up.
   * @throws SynodError `SYNOD_NO_SUCH_NODE`.
   */
  async moveTo(node: number): Promise<void> {
    await this.#move(this.#surroundings.nameOf(node));
  }

  /** Stands at no server any more; keeps its session. Resolves as {@link moveTo}. */
  leave(): Promise<void> {
    return this.#move(undefined);
  }

  /** Resolves when no put, delete or get of this client is under way. */
  idle(): Promise<void> {
    if (this.#inFlight === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#detach((write) => new ClosedError(write.what));
    this.#failReads((what) => new ClosedError(what));
    for (const step of this.#steps.splice(0).slice(this.#next)) {
      if (step.kind === 'move') step.resolve();
      else if (step.kind === 'read') settle(step.read, () => step.read.reject(new ClosedError('a get')));
      else settle(step.write, () => step.write.reject(new ClosedError(step.write.what)));
    }
    this.#gateway.leave(this.name);
    this.#surroundings.closed();
  }

  /** For {@link WriteOrder}. */
  advance(position: number): void {
    for (let step = this.#steps[this.#next]; step !== undefined && step.position <= position; ) {
      // A read shows what was written before it, and what follows it follows what it shows.
      if (this.#asked !== undefined) return;
      if (step.kind === 'write') this.#sendWrites(position);
      else if (this.#attachment?.isSettled === false) return;
      else if (step.kind === 'read') this.#sendReads(position);
      else {
        this.#arrive(step);
        return;
      }
      step = this.#steps[this.#next];
    }
  }

  #write(
    what: PendingWrite['what'],
    key: string,
    value: StoreValue | undefined,
    { timeoutMs = this.#timeoutMs }: { readonly timeoutMs?: number },
  ): Promise<void> {
    return this.#begin<void>(what, (resolve, reject) => {
      // Now: what the caller does with the value meanwhile must not show.
      const operation = prepareOperation({ key, value });
      const deadlineMs = this.#deadline(timeoutMs);
      const write: PendingWrite = { what, operation, timeoutMs, deadlineMs, resolve, reject, settled: false };
      return { kind: 'write', position: ++this.#position, write };
    });
  }

  async #begin<Value>(
    what: string,
    stepOf: (resolve: (value: Value) => void, reject: (error: Error) => void) => Step,
  ): Promise<Value> {
    if (this.#closed) throw new ClosedError(what);
    if (this.#inFlight >= this.#inFlightMax) throw new OverloadedError(what, this.#inFlightMax);
    return new Promise<Value>((resolve, reject) => {
      const step = stepOf(
        (value) => {
          this.#noteSettled();
          resolve(value);
        },
        (error) => {
          this.#noteSettled();
          reject(error);
        },
      );
      this.#inFlight += 1;
      this.#enqueue(step);
    });
  }

  async #move(server: string | undefined): Promise<void> {
    if (this.#closed) throw new ClosedError('a move');
    await new Promise<void>((resolve) =>
      this.#enqueue({ kind: 'move', position: ++this.#position, server, resolve }),
    );
  }

  #enqueue(step: Step): void {
    this.#steps.push(step);
    this.#surroundings.order.note(this.#server, this, step.position);
  }

  #deadline(timeoutMs: number): number {
    const deadlineMs = this.#gateway.clock.now() + timeoutMs;
    this.#earliestDeadlineMs = Math.min(this.#earliestDeadlineMs, deadlineMs);
    return deadlineMs;
  }

  #noteSettled(): void {
    this.#inFlight -= 1;
    if (this.#inFlight === 0) for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }

  /** What waited for an answer may go on. */
  #resume(): void {
    if (this.#next < this.#steps.length) this.#surroundings.order.note(this.#server, this, this.#position);
  }

  /** The server to send to; undefined, and then nothing of this was begun, where it is down. */
  get #reached(): string | undefined {
    return this.#server !== undefined && this.#gateway.isUp(this.#server) ? this.#server : undefined;
  }

  /** Sends the writes that come next, up to a position, as many as one message takes. */
  #sendWrites(position: number): void {
    const server = this.#reached;
    const writes: PendingWrite[] = [];
    for (let bytes = 0; bytes < WRITE_BYTES_MAX; ) {
      const step = this.#steps[this.#next];
      if (step?.kind !== 'write' || step.position > position) break;
      this.#shift();
      const { write } = step;
      if (server === undefined) {
        settle(write, () => write.reject(new UnreachableError(write.what, this.#server)));
      } else if (!write.settled) {
        bytes += write.operation.keyBytes + write.operation.valueBytes;
        writes.push(write);
      }
    }
    if (server === undefined || writes.length === 0) return;
    this.#attachment ??= new Attachment(this.#nameAttachment(), server, (message) =>
      this.#gateway.send(this.name, server, message),
    );
    this.#attachment.write(this.#session, writes, this.#gateway.clock.now());
  }

  /** Asks for the keys that come next, up to a position. */
  #sendReads(position: number): void {
    const server = this.#reached;
    const reads: PendingRead[] = [];
    while (reads.length < READ_KEYS_MAX) {
      const step = this.#steps[this.#next];
      if (step?.kind !== 'read' || step.position > position) break;
      this.#shift();
      const { read } = step;
      if (server === undefined) settle(read, () => read.reject(new UnreachableError('a get', this.#server)));
      else if (!read.settled) reads.push(read);
    }
    if (server === undefined || reads.length === 0) return;
    const keys = reads.map(({ key }) => key);
    const message: Read = { type: 'read', id: this.#nextQuestion++, past: this.#session.past, keys };
    this.#asked = { message, reads, sentMs: this.#gateway.clock.now() };
    this.#gateway.send(this.name, server, message);
  }

  #arrive(step: Extract<Step, { kind: 'move' }>): void {
    this.#shift();
    // Writes that were given up may still happen there.
    this.#detach((write) => new UnknownOutcomeError(write.what, 'the client has moved on'));
    this.#server = step.server;
    step.resolve();
    this.#resume();
  }

  #shift(): void {
    this.#next += 1;
    if (this.#next * 2 < this.#steps.length) return;
    this.#steps = this.#steps.slice(this.#next);
    this.#next = 0;
  }

  #nameAttachment(): string {
    return `${this.name}.${++this.#attachmentsMade}.${this.#gateway.random.integer(0, 2 ** 31 - 1)}`;
  }

  #receive(message: Message, node: string): void {
    // By its type: our own servers say it.
    const answer = message as ClientAnswer | { readonly type: 'refused' };
    const nowMs = this.#gateway.clock.now();
    const attachment = this.#attachment;
    switch (answer.type) {
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
        if (this.#asked !== undefined) this.#asked.sentMs = nowMs - RETRY_MS;
        return;
      case 'values':
        if (answer.id !== this.#asked?.message.id) return;
        this.#session = mergeSessions(this.#session, answer.session);
        this.#settleReads((read, place) => read.resolve(answer.values[place] as StoreValue | undefined));
        return;
      case 'behind':
        if (answer.id !== this.#asked?.message.id) return;
        this.#settleReads((read) => read.reject(new DependencyError('a get', node)));
        return;
      case 'readRefused':
        if (answer.id !== this.#asked?.message.id) return;
        this.#settleReads((read) => read.reject(new RefusedError(codeOf(answer.code), answer.message)));
        return;
      default:
    }
  }

  #tick(nowMs: number): boolean {
    if (nowMs >= this.#earliestDeadlineMs) this.#expire(nowMs);
    const asked = this.#asked;
    if (asked !== undefined && nowMs - asked.sentMs >= RETRY_MS) {
      asked.sentMs = nowMs;
      if (this.#server !== undefined) this.#gateway.send(this.name, this.#server, asked.message);
    }
    const writesWait = this.#attachment?.tick(nowMs) ?? false;
    return writesWait || this.#inFlight > 0;
  }

  #expire(nowMs: number): void {
    const late = ({ what, timeoutMs }: PendingWrite) => new TimeoutError(what, timeoutMs);
    this.#attachment?.expire(nowMs, late);
    const waiting = this.#steps.slice(this.#next);
    const reads = [
      ...(this.#asked?.reads ?? []),
      ...waiting.flatMap((step) => (step.kind === 'read' ? [step.read] : [])),
    ];
    for (const read of reads) {
      if (read.deadlineMs <= nowMs)
        settle(read, () => read.reject(new TimeoutError('a get', read.timeoutMs)));
    }
    for (const step of waiting) {
      // It was not begun, and will not be.
      if (step.kind === 'write' && step.write.deadlineMs <= nowMs)
        settle(step.write, () => step.write.reject(late(step.write)));
    }
    if (this.#asked?.reads.every(({ settled }) => settled)) this.#asked = undefined;
    this.#earliestDeadlineMs = this.#inFlight === 0 ? Number.POSITIVE_INFINITY : nowMs + RETRY_MS;
    this.#resume();
  }

  #nodeEnded(node: string): void {
    if (node !== this.#server) return;
    this.#loseAttachment(`server ${node} ended before it answered`);
    this.#failReads((what) => new UnreachableError(what, node));
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
    const message: Detach = { type: 'detach', attachment: attachment.name };
    this.#gateway.send(this.name, attachment.server, message);
  }

  #settleReads(how: (read: PendingRead, place: number) => void): void {
    const asked = this.#asked;
    this.#asked = undefined;
    asked?.reads.forEach((read, place) => {
      settle(read, () => how(read, place));
    });
    this.#resume();
  }

  #failReads(errorOf: (what: string) => Error): void {
    this.#settleReads((read) => read.reject(errorOf('a get')));
  }
}

function settle(pending: { settled: boolean }, how: () => void): void {
  if (pending.settled) return;
  pending.settled = true;
  how();
}

function codeOf(code: string): `SYNOD_${string}` {
  return code.startsWith('SYNOD_') ? (code as `SYNOD_${string}`) : `SYNOD_${code}`;
}
