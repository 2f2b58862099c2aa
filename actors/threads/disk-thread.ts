import type { MessagePort } from 'node:worker_threads';
import { CorruptJournalError } from '../errors.ts';
import { Environment } from './environment.ts';
import { type PackedError, packError } from './error-transfer.ts';
import { hasFiles } from './reserve-files.ts';
import { verifyEnvironment } from './verify-environment.ts';

/*
 * The disk is an actor too: this one thread, never killed while its host lives, is the only one that writes to
 * LMDB. For a thread that is ended while it writes takes the whole process with it, or leaves a lock behind.
 */

/** What the disk thread is started with. */
export interface DiskThreadTask {
  readonly control: MessagePort;
  /** What a journal may grow to. */
  readonly journalBytesMax: number;
  /** How long transactions wait for others to share a flush with. */
  readonly collectMs: number;
}

/** What the host asks of the disk thread. */
export type DiskRequest =
  /** Opens a node's folder for the node at the other end of `port`, when the node's former life is all on disk. */
  | {
      readonly type: 'open';
      readonly request: number;
      readonly folder: string;
      /** Whose it is, in words; another's is refused. */
      readonly owner: string;
      /** Whether it is made where there is none; else that is damage. */
      readonly mayCreate: boolean;
      readonly port: MessagePort;
    }
  /** Ends the thread, when all is on disk and every file is closed. */
  | { readonly type: 'close' };

/** What becomes of an `open`: the folder is open; or it is not, and why; later, that its files are closed again. */
export type DiskReply =
  | { readonly type: 'open'; readonly request: number; readonly isEmpty: boolean }
  | { readonly type: 'closed'; readonly request: number }
  | { readonly type: 'refused'; readonly request: number; readonly error: PackedError };

/** What a node hears of the transactions that it has posted: so many more are on disk, or why no more will be. */
export type DiskNews = number | PackedError;

interface Tenancy {
  readonly isEmpty: boolean;
  /** Resolves when the node has gone, what it had posted is on disk, and the files are closed. */
  readonly ended: Promise<void>;
}

/** Runs the disk thread; resolves when it has been told to close and has closed. */
export default async function diskThread({ control, ...bounds }: DiskThreadTask): Promise<void> {
  const tenancies = new Map<string, Promise<Tenancy>>();
  await new Promise<void>((resolve) => {
    control.on('message', (request: DiskRequest) => {
      if (request.type === 'close') {
        resolve();
        return;
      }
      const { folder, port } = request;
      const reply = (news: DiskReply) => control.postMessage(news);
      const tenancy = succeed(tenancies.get(folder), request, bounds);
      tenancies.set(folder, tenancy);
      tenancy.then(
        ({ ended, isEmpty }) => {
          reply({ type: 'open', request: request.request, isEmpty });
          void ended.then(() => reply({ type: 'closed', request: request.request }));
        },
        (error: unknown) => {
          port.close();
          reply({ type: 'refused', request: request.request, error: packError(error) });
        },
      );
    });
  });
  // Ports keep no order among each other: what a node has posted may still be on its way.
  await Promise.all([...tenancies.values()].map(endOf));
  control.close();
}

async function endOf(tenancy: Promise<Tenancy> | undefined): Promise<void> {
  // A life that could not start has left nothing behind.
  const opened = await tenancy?.catch(() => undefined);
  await opened?.ended;
}

/** Gives a folder to the next life of its node. */
async function succeed(
  former: Promise<Tenancy> | undefined,
  { folder, owner, mayCreate, port }: Extract<DiskRequest, { type: 'open' }>,
  { journalBytesMax, collectMs }: Omit<DiskThreadTask, 'control'>,
): Promise<Tenancy> {
  await endOf(former);
  await verifyEnvironment(folder);
  if (!mayCreate && !hasFiles(folder)) throw new CorruptJournalError(folder, new Error('its files are gone'));
  const environment = new Environment(folder, journalBytesMax, collectMs);
  const { isEmpty } = environment;
  try {
    environment.claim(owner);
  } catch (error) {
    await environment.close();
    throw error;
  }
  // Nobody holds the files of a node that does not run: they may be looked at, copied or put back.
  const closed = serve(environment, port).then(() => environment.close());
  // What does not close is for the next one who opens it to find.
  return { isEmpty, ended: closed.catch(() => {}) };
}

function serve(environment: Environment, port: MessagePort): Promise<void> {
  environment.attach({
    durable: (transactions) => port.postMessage(transactions satisfies DiskNews),
    failed: (error) => port.postMessage(packError(error) satisfies DiskNews),
  });
  port.on('message', (transaction: Uint8Array) => environment.write(transaction));
  return new Promise((resolve) => {
    port.on('close', () => resolve());
  });
}
