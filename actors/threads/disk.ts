import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { type Deferred, deferred } from './deferred.ts';
import type { DiskReply, DiskRequest, DiskThreadTask } from './disk-thread.ts';
import { unpackError } from './error-transfer.ts';
import { threadFile } from './thread-file.ts';

/** The disk thread, as its host sees it. */
export class Disk {
  readonly #pool: Piscina;
  readonly #control: MessagePort;
  readonly #requests = new Map<number, Deferred<void>>();
  readonly #ended: Promise<void>;
  #failure: unknown;
  #lastRequest = 0;

  /**
   * @param journalBytesMax what each environment may grow to.
   * @param collectMs how long transactions wait for others to share a flush with.
   */
  constructor(journalBytesMax: number, collectMs = 0) {
    this.#pool = new Piscina({
      filename: threadFile('disk-thread', import.meta.url),
      minThreads: 1,
      maxThreads: 1,
      // The default puts the thread's event loop to sleep between tasks.
      atomics: 'disabled',
      idleTimeout: Number.POSITIVE_INFINITY,
      recordTiming: false,
    });
    this.#pool.on('error', (error: unknown) => this.#fail(error));
    const { port1, port2 } = new MessageChannel();
    this.#control = port1;
    this.#control.on('message', (reply: DiskReply) => this.#settle(reply));
    const task: DiskThreadTask = { control: port2, journalBytesMax, collectMs };
    this.#ended = this.#pool.run(task, { transferList: [port2] }).then(
      () => this.#fail(new Error('the disk thread has ended')),
      (error: unknown) => this.#fail(error),
    );
  }

  /**
   * Opens a node's folder for writing, when all that its former life has posted is on disk.
   * @returns the port for the node's journal.
   * @throws CorruptJournalError when the folder holds something that is no journal, or a damaged one.
   */
  async open(folder: string): Promise<MessagePort> {
    if (this.#failure !== undefined) throw this.#failure;
    const request = ++this.#lastRequest;
    const answered = deferred();
    this.#requests.set(request, answered);
    const { port1, port2 } = new MessageChannel();
    this.#control.postMessage({ type: 'open', request, folder, port: port2 } satisfies DiskRequest, [port2]);
    await answered.promise;
    return port1;
  }

  /** Resolves when all is on disk, every file is closed and the thread has ended. */
  async close(): Promise<void> {
    this.#control.postMessage({ type: 'close' } satisfies DiskRequest);
    await this.#ended;
    this.#control.close();
    await this.#pool.destroy();
  }

  #settle({ request, error }: DiskReply): void {
    const answered = this.#requests.get(request);
    this.#requests.delete(request);
    if (error === undefined) answered?.resolve();
    else answered?.reject(unpackError(error));
  }

  #fail(error: unknown): void {
    this.#failure = error;
    for (const answered of this.#requests.values()) answered.reject(error);
    this.#requests.clear();
  }
}
