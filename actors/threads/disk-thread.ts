import type { MessagePort } from 'node:worker_threads';
import { Environment } from './environment.ts';
import { type PackedError, packError } from './error-transfer.ts';

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
  | { readonly type: 'open'; readonly request: number; readonly folder: string; readonly port: MessagePort }
  /** Ends the thread, when all is on disk and every file is closed. */
  | { readonly type: 'close' };

/** The answer to an `open`. */
export interface DiskReply {
  readonly request: number;
  readonly error: PackedError | undefined;
}

/** What a node hears of the transactions that it has posted: so many more are on disk, or why no more will be. */
export type DiskNews = number | PackedError;

interface Tenancy {
  readonly environment: Environment;
  /** Resolves when the node has gone and what it had posted is on disk. */
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
      const tenancy = succeed(tenancies.get(folder), folder, port, bounds);
      tenancies.set(folder, tenancy);
      tenancy.then(
        () => control.postMessage({ request: request.request, error: undefined } satisfies DiskReply),
        (error: unknown) => {
          port.close();
          control.postMessage({ request: request.request, error: packError(error) } satisfies DiskReply);
        },
      );
    });
  });
  for (const opened of await Promise.allSettled(tenancies.values())) {
    if (opened.status !== 'fulfilled') continue;
    // Ports keep no order among each other: what a node has posted may still be on its way.
    await opened.value.ended;
    await opened.value.environment.close();
  }
  control.close();
}

/** Gives a folder to the next life of its node. */
async function succeed(
  former: Promise<Tenancy> | undefined,
  folder: string,
  port: MessagePort,
  { journalBytesMax, collectMs }: Omit<DiskThreadTask, 'control'>,
): Promise<Tenancy> {
  let environment: Environment | undefined;
  // A former life that could not start has left nothing behind.
  const last = await former?.catch(() => undefined);
  if (last !== undefined) {
    await last.ended;
    if (last.environment.failure === undefined) environment = last.environment;
    else await last.environment.close();
  }
  environment ??= new Environment(folder, journalBytesMax, collectMs);
  return { environment, ended: serve(environment, port) };
}

function serve(environment: Environment, port: MessagePort): Promise<void> {
  environment.attach({
    durable: (transactions) => port.postMessage(transactions satisfies DiskNews),
    failed: (error) => port.postMessage(packError(error) satisfies DiskNews),
  });
  port.on('message', (transaction: Uint8Array) => environment.write(transaction));
  return new Promise((resolve) => {
    port.on('close', () => resolve(environment.drained()));
  });
}
