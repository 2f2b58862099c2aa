import { setTimeout as sleep } from 'node:timers/promises';
import { SynodError } from '../../actors/errors.ts';
import type { EventualClient } from '../client/eventual-client.ts';
import type { StoreValue } from '../client/store-value.ts';
import type { EventualCluster } from '../cluster/eventual-cluster.ts';
import type { Connection } from './eventual-ids.ts';
import type { Environment, ScenarioRun } from './grammar.ts';

/** A client of the store, as a script sees it. */
export type StoreClient = Pick<EventualClient, 'moveTo' | 'leave' | 'put' | 'delete' | 'get'>;

/** The servers of a script. */
export interface StoreSystem
  extends Pick<
    EventualCluster,
    | 'nodes'
    | 'isUp'
    | 'join'
    | 'crash'
    | 'connect'
    | 'disconnect'
    | 'stabilize'
    | 'entries'
    | 'status'
    | typeof Symbol.asyncDispose
  > {
  client(options: { readonly node: number }): Promise<StoreClient>;
}

/** What a script runs on, and how. */
export interface EventualRunOptions {
  /** Starts the first server of a script. */
  open(server: number, environment: Environment): Promise<StoreSystem>;
  /** Puts and deletes under way at most; 1: each waits for the one before. */
  readonly inFlightMax?: number;
}

const IN_FLIGHT_MAX = 4096;

/** Failures that a script shows as a lost connection. */
const LOST_CONNECTION = ['SYNOD_UNREACHABLE', 'SYNOD_UNKNOWN_OUTCOME', 'SYNOD_TIMEOUT'];

/** A client of a script, and the server that it is to stand at, whether there is one of that id or not. */
interface ScriptClient {
  server: number | undefined;
  client: StoreClient | undefined;
}

/**
 * A script of the eventually consistent store while it runs.
 *
 * A put prints nothing, so that many may be under way without the script being able to tell: each client's are in
 * their order, and so are those of all clients at one server. Whatever prints, or changes who can reach whom, first waits
 * until all of them are on disk.
 */
export class EventualRun implements ScenarioRun {
  readonly #environment: Environment;
  readonly #open: EventualRunOptions['open'];
  readonly #inFlightMax: number;
  readonly #clients = new Map<number, ScriptClient>();
  #system: StoreSystem | undefined;
  #inFlight = 0;
  #waiters: { readonly below: number; readonly resolve: () => void }[] = [];
  #failure: { readonly cause: unknown } | undefined;

  constructor(environment: Environment, { open, inFlightMax = IN_FLIGHT_MAX }: EventualRunOptions) {
    this.#environment = environment;
    this.#open = open;
    this.#inFlightMax = inFlightMax;
  }

  async joinServer(id: number): Promise<void> {
    await this.quiet();
    if (this.#system === undefined) this.#system = await this.#open(id, this.#environment);
    else await this.#system.join(id);
    for (const [client, { server }] of this.#clients) if (server === id) await this.#attach(client, id);
  }

  async killServer(id: number): Promise<void> {
    await this.quiet();
    if (this.#has(id)) await this.#system?.crash(id);
  }

  async connectClient(id: number, server: number): Promise<void> {
    await this.quiet();
    await this.#attach(id, server);
  }

  async createConnection(link: Connection): Promise<void> {
    await this.quiet();
    if (link.between === 'client and server') await this.#attach(link.client, link.server);
    else if (this.#has(link.a) && this.#has(link.b)) await this.#system?.connect(link.a, link.b);
  }

  async breakConnection(link: Connection): Promise<void> {
    await this.quiet();
    if (link.between === 'servers') {
      if (this.#has(link.a) && this.#has(link.b)) await this.#system?.disconnect(link.a, link.b);
      return;
    }
    const client = this.#clients.get(link.client);
    if (client?.server !== link.server) return;
    client.server = undefined;
    await client.client?.leave();
  }

  async stabilize(): Promise<void> {
    await this.quiet();
    await this.#system?.stabilize();
  }

  async printStore(id: number): Promise<void> {
    await this.quiet();
    const system = this.#system;
    if (system === undefined || !this.#isUp(id)) {
      this.#environment.warn(new Error(`server ${id} does not run: there is nothing to print`));
      return;
    }
    for await (const [key, value] of system.entries(id)) this.#environment.print(`${key}:${show(value)}`);
  }

  put(id: number, key: string, value: string): void | Promise<void> {
    return this.#write(id, key, (client) => client.put(key, value));
  }

  delete(id: number, key: string): void | Promise<void> {
    return this.#write(id, key, (client) => client.delete(key));
  }

  async get(id: number, key: string): Promise<void> {
    await this.quiet();
    this.#environment.print(`${key}:${await this.#read(id, key)}`);
  }

  async sleep(ms: number): Promise<void> {
    await this.quiet();
    await sleep(ms, undefined, { signal: this.#environment.signal });
  }

  /** Waits until all that was put is on disk. @throws what a put failed with. */
  async quiet(): Promise<void> {
    if (this.#inFlight > 0) await this.#below(1);
    if (this.#failure !== undefined) throw this.#failure.cause;
  }

  async describe(): Promise<string> {
    const status = await this.#system?.status();
    if (status === undefined) return 'nothing started';
    const up = status.nodes.filter((node) => node.up).map(({ node, keys }) => `${node}: ${keys ?? '?'} keys`);
    const cut = status.cut.map(([a, b]) => `${a}-${b}`);
    return [`up ${up.join(', ')}`, ...(cut.length > 0 ? [`cut ${cut.join(' ')}`] : [])].join('; ');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      // Puts at the end of a script have their time, and may still print that there was no connection.
      if (!this.#environment.signal.aborted) await this.#below(1);
    } finally {
      await this.#system?.[Symbol.asyncDispose]();
    }
  }

  #has(server: number): boolean {
    return this.#system?.nodes.includes(server) ?? false;
  }

  #isUp(server: number): boolean {
    return this.#has(server) && (this.#system?.isUp(server) ?? false);
  }

  async #attach(id: number, server: number): Promise<void> {
    const known = this.#clients.get(id) ?? { server, client: undefined };
    known.server = server;
    this.#clients.set(id, known);
    if (!this.#has(server)) await known.client?.leave();
    else if (known.client !== undefined) await known.client.moveTo(server);
    else known.client = await this.#system?.client({ node: server });
  }

  /** The client, if it is connected to a server that lives. */
  #connected(id: number): StoreClient | undefined {
    const { server, client } = this.#clients.get(id) ?? {};
    return server !== undefined && this.#isUp(server) ? client : undefined;
  }

  #write(id: number, key: string, begin: (client: StoreClient) => Promise<void>): void | Promise<void> {
    const client = this.#connected(id);
    if (client === undefined) return this.#environment.print(`${key}:ERR_CONN`);
    this.#inFlight += 1;
    begin(client).then(
      () => this.#noteDone(),
      (cause: unknown) => {
        if (isLostConnection(cause)) this.#environment.print(`${key}:ERR_CONN`);
        else this.#failure ??= { cause };
        this.#noteDone();
      },
    );
    if (this.#inFlight >= this.#inFlightMax) return this.#below(Math.max(1, this.#inFlightMax / 2));
  }

  async #read(id: number, key: string): Promise<string> {
    try {
      const client = this.#connected(id);
      if (client === undefined) return 'ERR_CONN';
      const value = await client.get(key);
      return value === undefined ? 'ERR_KEY' : show(value);
    } catch (error) {
      if (error instanceof SynodError && error.code === 'SYNOD_DEPENDENCY') return 'ERR_DEP';
      if (isLostConnection(error)) return 'ERR_CONN';
      throw error;
    }
  }

  #noteDone(): void {
    this.#inFlight -= 1;
    const ready = this.#waiters.filter(({ below }) => this.#inFlight < below);
    if (ready.length === 0) return;
    this.#waiters = this.#waiters.filter(({ below }) => this.#inFlight >= below);
    for (const { resolve } of ready) resolve();
  }

  #below(below: number): Promise<void> {
    if (this.#inFlight < below) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ below, resolve }));
  }
}

function isLostConnection(error: unknown): boolean {
  return error instanceof SynodError && LOST_CONNECTION.includes(error.code);
}

function show(value: StoreValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
