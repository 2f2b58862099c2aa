import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { type Deferred, deferred } from './deferred.ts';
import type { DiskReply, DiskRequest, DiskThreadTask } from './disk-thread.ts';
import { unpackError } from './error-transfer.ts';
import { threadFile } from './thread-file.ts';

/** A folder that a disk thread has opened for one life of a node. */
export interface OpenedFolder {
  /** For the node's journal; when it closes, what was posted is written and the files are closed. */
  readonly port: MessagePort;
  /** Whether it held no record when it was opened. */
  readonly isEmpty: boolean;
  /** Resolves when that is done. */
  readonly closed: Promise<void>;
}

interface Request {
  readonly opened: Deferred<boolean>;
  readonly closed: Deferred<void>;
}

/** The disk thread, as its host sees it. */
export class Disk {
  readonly #pool: Piscina;
  readonly #control: MessagePort;
  readonly #requests = new Map<number, Request>();
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
   * @param owner whose it is, in words.
   * @param mayCreate whether it is made where there is none.
   * @throws CorruptJournalError when the folder holds something that is no journal, or a damaged one, or none
   * though it must; CorruptRecordError when a record in it fails its checksum; WrongFolderError when it is another owner's.
   */
  async open(folder: string, owner: string, mayCreate = true): Promise<OpenedFolder> {
    if (this.#failure !== undefined) throw this.#failure;
    const request = ++this.#lastRequest;
    const opened = deferred<boolean>();
    const closed = deferred();
    this.#requests.set(request, { opened, closed });
    const { port1, port2 } = new MessageChannel();
    this.#control.postMessage(
      { type: 'open', request, folder, owner, mayCreate, port: port2 } satisfies DiskRequest,
      [port2],
    );
    const isEmpty = await opened.promise;
    return { port: port1, isEmpty, closed: closed.promise };
  }

  /** Resolves when all is on disk, every file is closed and the thread has ended. */
  async close(): Promise<void> {
    this.#control.postMessage({ type: 'close' } satisfies DiskRequest);
    await this.#ended;
    this.#control.close();
    await this.#pool.destroy();
  }

  #settle(reply: DiskReply): void {
    const request = this.#requests.get(reply.request);
    if (reply.type === 'open') {
      request?.opened.resolve(reply.isEmpty);
      return;
    }
    this.#requests.delete(reply.request);
    if (reply.type === 'refused') request?.opened.reject(unpackError(reply.error));
    else request?.closed.resolve();
  }

  #fail(error: unknown): void {
    this.#failure = error;
    for (const { opened, closed } of this.#requests.values()) {
      opened.reject(error);
      // A thread that has ended has no file open.
      closed.resolve();
    }
    this.#requests.clear();
  }
}
