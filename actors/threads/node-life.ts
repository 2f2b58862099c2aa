import type { MessagePort, Transferable } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import { NodeDiedError } from '../errors.ts';
import type { InspectionEvent } from '../inspection.ts';
import type { Memory } from '../memory.ts';
import type { NodeTally } from '../tally.ts';
import type { At, NodeEvent } from '../trace.ts';
import { deferred } from './deferred.ts';
import { unpackError } from './error-transfer.ts';
import { createLink, Link } from './link.ts';
import type { PeerLink } from './link-table.ts';
import type { HostMessage, NodeMessage, NodeThreadTask } from './node-messages.ts';

/** Who is told what a life does. */
export interface NodeLifeHandlers {
  frame(frame: Uint8Array): void;
  warn(error: Error): void;
  inspection(event: InspectionEvent): void;
  traced(records: readonly At<NodeEvent>[]): void;
}

/** How a life ended. */
export interface NodeOutcome {
  /** Whether its actors ever ran. */
  readonly wasRunning: boolean;
  /** Whether the host ended it, while nothing was wrong. */
  readonly wasTold: boolean;
  /** What was wrong; undefined after a {@link Host.killAfter}, too. */
  readonly error: Error | undefined;
}

/** One life of a node as the host sees it, from the start of its thread to the thread's end. */
export class NodeLife {
  readonly name: string;
  /** What it started with. */
  readonly memory: Memory;
  /** Settled when the program has loaded; rejected when the life ends before. */
  readonly loaded: Promise<void>;
  /** Settled when the actors have run their first turn; rejected when the life ends before. */
  readonly running: Promise<void>;
  /** Settled when the thread has ended and all that it had sent has been taken in. */
  readonly ended: Promise<void>;

  readonly #handlers: NodeLifeHandlers;
  readonly #host: Link<HostMessage, NodeMessage>;
  readonly #abort = new AbortController();
  readonly #loaded = deferred();
  readonly #running = deferred();
  readonly #closed = deferred();
  readonly #linked = new Map<number, () => void>();
  readonly #tallied = new Map<number, (tally: NodeTally) => void>();
  #requests = 0;
  #threadId: number | undefined;
  #wasRunning = false;
  #wasTold = false;
  #isOver = false;
  /** Ending a thread while the binding opens LMDB would take the process with it. */
  #mayAbort = false;
  #endsWhenOpen = false;
  #reason: { readonly error: Error | undefined } | undefined;

  /**
   * Starts the thread.
   * @param exitOf resolves when the thread of that id has exited.
   */
  constructor(
    pool: Piscina,
    exitOf: (threadId: number) => Promise<void>,
    task: Omit<NodeThreadTask, 'host'>,
    handlers: NodeLifeHandlers,
  ) {
    this.name = task.name;
    this.memory = task.memory;
    this.#handlers = handlers;
    this.loaded = this.#loaded.promise;
    this.running = this.#running.promise;
    const [ours, theirs] = createLink();
    this.#host = new Link(ours, {
      frame: (frame) => handlers.frame(frame),
      message: (message) => this.#take(message),
      closed: () => this.#closed.resolve(),
    });
    const ports = [
      theirs.port,
      ...(task.disks === undefined ? [] : [task.disks.journalDisk, task.disks.storeDisk]),
    ];
    this.ended = this.#live(pool, exitOf, { ...task, host: theirs }, ports);
  }

  /** Whether the actors run. */
  get isRunning(): boolean {
    return this.#wasRunning && !this.#abort.signal.aborted && !this.#isOver;
  }

  /** How it ended. */
  get outcome(): NodeOutcome {
    return { wasRunning: this.#wasRunning, wasTold: this.#wasTold, error: this.#reason?.error };
  }

  post(message: HostMessage, transfer: readonly MessagePort[] = []): void {
    this.#host.post(message, transfer);
  }

  /** What both ends call the frame that was sent to it last. */
  get lastSent(): string {
    return this.#host.lastSent;
  }

  /** What both ends call the frame that has arrived from it last. */
  get lastReceived(): string {
    return this.#host.lastReceived;
  }

  /** False when too much waits for the thread already. */
  send(frame: Uint8Array<ArrayBuffer>): boolean {
    return this.#host.send(frame);
  }

  /** Resolves when the node knows, or has ended. */
  async setLink(link: PeerLink): Promise<void> {
    const request = ++this.#requests;
    const known = new Promise<void>((resolve) => this.#linked.set(request, resolve));
    this.#host.post({ type: 'link', link, request });
    await Promise.race([known, this.ended]);
  }

  /** What it has done so far; undefined when it has ended. */
  async tally(): Promise<NodeTally | undefined> {
    const request = ++this.#requests;
    const known = new Promise<NodeTally>((resolve) => this.#tallied.set(request, resolve));
    this.#host.post({ type: 'tally', request });
    return Promise.race([known, this.ended.then(() => undefined)]);
  }

  /** Ends the thread at whatever instruction it is, once its files are open; resolves when it has ended. */
  end(): Promise<void> {
    if (this.#reason === undefined) {
      this.#wasTold = true;
      this.#reason = { error: undefined };
    }
    if (this.#mayAbort) this.#abort.abort();
    else this.#endsWhenOpen = true;
    return this.ended;
  }

  async #live(
    pool: Piscina,
    exitOf: (threadId: number) => Promise<void>,
    task: NodeThreadTask,
    ports: readonly MessagePort[],
  ): Promise<void> {
    const transferList: Transferable[] = [...ports];
    let cause: unknown;
    try {
      await pool.run(task, { transferList, signal: this.#abort.signal });
    } catch (error) {
      cause = error;
    }
    this.#isOver = true;
    // Those that were handed over close with the thread; these calls are for a task that no thread ever took.
    for (const port of ports) port.close();
    await this.#closed.promise;
    if (this.#threadId !== undefined) await exitOf(this.#threadId);
    this.#reason ??= { error: new NodeDiedError(this.name, cause) };
    const reason = this.#reason.error ?? new NodeDiedError(this.name, 'it was killed while it started');
    this.#loaded.reject(reason);
    this.#running.reject(reason);
  }

  #take(message: NodeMessage): void {
    switch (message.type) {
      case 'hello':
        this.#threadId = message.threadId;
        return;
      case 'opened':
        this.#mayAbort = true;
        if (this.#endsWhenOpen) this.#abort.abort();
        return;
      case 'loaded':
        this.#loaded.resolve();
        return;
      case 'running':
        this.#wasRunning = true;
        this.#running.resolve();
        return;
      case 'linked':
        this.#linked.get(message.request)?.();
        this.#linked.delete(message.request);
        return;
      case 'tallied':
        this.#tallied.get(message.request)?.(message.tally);
        this.#tallied.delete(message.request);
        return;
      case 'warning':
        this.#handlers.warn(unpackError(message.error));
        return;
      case 'inspection':
        this.#handlers.inspection(message.event);
        return;
      case 'traced':
        this.#handlers.traced(message.records);
        return;
      case 'failed':
        this.#reason ??= { error: unpackError(message.error) };
        this.#abort.abort();
        return;
      case 'counted':
        this.#reason ??= { error: undefined };
        return;
      default:
        message satisfies never;
    }
  }
}
