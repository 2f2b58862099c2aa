import { NodeDiedError } from '../../actors/errors.ts';
import type { Host } from '../../actors/host.ts';
import { isServerId, SERVER_ID_LIMIT } from '../../machines/eventual/origin.ts';
import type { ClientOptions } from '../client/client.ts';
import { EventualClient } from '../client/eventual-client.ts';
import type { StoreValue } from '../client/store-value.ts';
import { WriteOrder } from '../client/write-order.ts';
import { BadOptionError, TimeoutError } from '../errors.ts';
import { EventualServers, MEMBERS_MS_MAX } from './eventual-servers.ts';
import { areStable } from './eventual-stability.ts';
import { Guard } from './guard.ts';
import { type ClusterEvents, NodeGroup } from './node-group.ts';

/** The role of each server that clients talk to. */
const ENTRANCE = 'replica';
const STABILIZE_MS_MAX = 60_000;

/** What the cluster tells whoever runs it. */
export interface EventualClusterEvents extends ClusterEvents {
  /** A server that had ended by itself runs again. */
  readonly onNodeRestarted?: (node: number) => void;
}

/** How a client is to be made. */
export interface EventualClientOptions extends ClientOptions {
  /** The server that it stands at. */
  readonly node: number;
}

/** A server as the cluster sees it; undefined where it is down or silent. */
export interface EventualNodeStatus {
  readonly node: number;
  readonly up: boolean;
  /** Keys that show a value. */
  readonly keys: number | undefined;
  /** Own writes that not all members have acknowledged. */
  readonly unacknowledged: number | undefined;
  /** Servers that it hears and that hear it. */
  readonly neighbours: readonly number[] | undefined;
  /** Servers that it knows a way to, neighbours included. */
  readonly reachable: readonly number[] | undefined;
  /** All that it wrote is acknowledged by all that it reaches, and it lacks nothing that it knows of. */
  readonly isQuiet: boolean | undefined;
}

export interface EventualClusterStatus {
  readonly protocol: 'eventual';
  readonly nodes: readonly EventualNodeStatus[];
  /** Links that are cut. */
  readonly cut: readonly (readonly [number, number])[];
}

/**
 * The servers of an eventually consistent store, and the controls over them: each takes writes, alone if it must, and
 * all that can reach each other, over others if need be, come to hold the same. A server that dies by itself is started
 * again, with back-off; one that is crashed stays dead until it joins again. Make one by `createCluster`; `await
 * using` (or `cluster[Symbol.asyncDispose]()`) ends its threads and lets go of its files.
 */
export class EventualCluster extends NodeGroup {
  readonly protocol = 'eventual';
  readonly #order: WriteOrder;
  readonly #servers: EventualServers;
  readonly #guards = new Map<string, Guard>();
  /** The last start of each server. */
  readonly #starting = new Map<string, Promise<void>>();
  /** The start of all servers, while it is under way. */
  #together: Promise<void> | undefined;
  readonly #onNodeRestarted: EventualClusterEvents['onNodeRestarted'];
  /** Newcomers are taken in one after the other. */
  #joining: Promise<unknown> = Promise.resolve();

  /** Use `createCluster`, which also starts the servers. */
  constructor(host: Host, events: EventualClusterEvents = {}, afterwards?: () => Promise<void>) {
    super(host, ENTRANCE, events, afterwards);
    this.#onNodeRestarted = events.onNodeRestarted;
    this.#order = new WriteOrder(this.gateway);
    this.#servers = new EventualServers(this.gateway);
  }

  /**
   * Starts all servers. Where some cannot start it goes on without them, and `onNodeEnded` hears why.
   * @throws the reason when none can start.
   */
  async start(): Promise<void> {
    await this.host.open();
    const names = this.host.nodes;
    // One that cannot start keeps the others from starting with it: then each by itself.
    this.#together = this.host.start(names);
    const started = await Promise.allSettled(names.map((name) => this.#guardOf(name).start()));
    this.#together = undefined;
    const reasons = started.map((outcome) => (outcome.status === 'rejected' ? outcome.reason : undefined));
    if (reasons.every((reason) => reason !== undefined)) throw reasons[0];
    for (const [index, name] of names.entries())
      if (reasons[index] !== undefined) this.events.onNodeEnded?.(Number(name), reasons[index]);
  }

  /** Makes a client that stands at a server, dead or alive. @throws SynodError `SYNOD_NO_SUCH_NODE`. */
  async client({ node, ...options }: EventualClientOptions): Promise<EventualClient> {
    const server = this.nameOf(node);
    return this.admitClient(
      (name, closed) =>
        new EventualClient(name, this.gateway, {
          ...options,
          server,
          order: this.#order,
          nameOf: (other) => this.nameOf(other),
          closed,
        }),
    );
  }

  /**
   * Lets a server join: one of a new id, any whole number, or one that is dead, which has what it had on its disk. It is
   * connected with all that live, also where links to it were cut. Resolves when it takes writes.
   * @throws BadOptionError for an id that is no whole number below 2^32; TimeoutError when not all live servers have
   *   noted that there is a new one.
   */
  async join(node: number): Promise<void> {
    if (!isServerId(node)) throw new BadOptionError('node', node, `a whole number below ${SERVER_ID_LIMIT}`);
    const name = String(node);
    if (this.host.nodes.includes(name)) await this.restart(node);
    else await this.#takeIn(name);
    const others = this.topology.up.filter((other) => other !== name && !this.topology.isLinked(name, other));
    await Promise.all(others.map((other) => this.connect(node, Number(other))));
  }

  /** The servers, how far each is, and which links are cut. */
  async status(): Promise<EventualClusterStatus> {
    const reports = await this.#servers.observe(this.host.nodes);
    return {
      protocol: this.protocol,
      nodes: this.host.nodes.map((name) => {
        const report = reports.get(name);
        return {
          node: Number(name),
          up: this.topology.isUp(name),
          keys: report?.keys,
          unacknowledged: report?.logEntries,
          neighbours: report?.neighbours,
          reachable: report?.reachable,
          isQuiet: report?.isQuiet,
        };
      }),
      cut: this.topology.cut.map(([a, b]) => [Number(a), Number(b)]),
    };
  }

  /**
   * Resolves when all live servers that can reach each other hold the same, and nothing is under way between them. It
   * looks at their state. Wait for your clients' writes before.
   * @throws TimeoutError when that is not so after `timeoutMs`, 60,000 by default.
   */
  async stabilize({ timeoutMs = STABILIZE_MS_MAX }: { readonly timeoutMs?: number } = {}): Promise<void> {
    const deadlineMs = this.host.clock.now() + timeoutMs;
    await this.until(async () => {
      if (areStable(await this.#servers.observe(this.topology.up), this.topology)) return true;
      if (this.host.clock.now() >= deadlineMs) throw new TimeoutError('stabilizing', timeoutMs);
      return false;
    });
  }

  /**
   * What a server shows, in order of the keys' UTF-8 bytes. Writes that happen meanwhile may be in it or not.
   * @throws UnreachableError when it is down, or goes down.
   */
  entries(node: number): AsyncIterableIterator<[key: string, value: StoreValue]> {
    return this.#servers.entries(this.nameOf(node));
  }

  /** Ends a server's thread, at whatever instruction it is. Resolves when it has ended; a dead server stays dead. */
  override async crash(node: number): Promise<void> {
    const name = this.nameOf(node);
    await this.inTurn(name, async () => {
      if (this.topology.isUp(name)) this.noteEnded(name);
      await this.#guardOf(name).stop();
    });
  }

  /**
   * Starts a server again, from its disk, its links as they were. Resolves when it takes writes; a live one runs on.
   * @throws the reason when it cannot: it stays dead then.
   */
  override async restart(node: number): Promise<void> {
    const name = this.nameOf(node);
    await this.inTurn(name, () => this.#guardOf(name).start());
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    for (const guard of this.#guards.values()) guard.retire();
    await super[Symbol.asyncDispose]();
  }

  protected override noteDied(name: string, error: Error | undefined): void {
    super.noteDied(name, error);
    if (!this.isClosed) this.#guardOf(name).noteEnded(error);
  }

  #guardOf(name: string): Guard {
    const known = this.#guards.get(name);
    if (known !== undefined) return known;
    const guard = new Guard({
      server: Number(name),
      clock: this.host.clock,
      startServer: () => {
        const starting = this.#startServer(name);
        this.#starting.set(name, starting);
        return starting;
      },
      stopServer: () => this.#stopServer(name),
      recovered: () => this.#onNodeRestarted?.(Number(name)),
      failed: (error) => this.events.onNodeEnded?.(Number(name), asError(error)),
    });
    this.#guards.set(name, guard);
    return guard;
  }

  async #startServer(name: string): Promise<void> {
    const isNew = !this.host.nodes.includes(name);
    if (isNew) await this.host.add(name);
    else await this.#startOnHost(name);
    if (isNew) this.noteAdded(name);
    else this.noteStarted(name);
    // It may have been dead when others joined.
    await this.#servers.tellMembers(name, this.host.nodes);
    if (!this.topology.isUp(name)) throw new NodeDiedError(name, 'it ended as soon as it ran');
  }

  async #stopServer(name: string): Promise<void> {
    await this.host.kill(name);
    this.noteEnded(name);
    // Its start may have been under way, and have come too late to be killed.
    await this.#starting.get(name)?.catch(() => {});
    await this.host.kill(name);
    this.noteEnded(name);
  }

  async #startOnHost(name: string): Promise<void> {
    const together = this.#together;
    if (together === undefined) return this.host.start([name]);
    await together.catch(() => this.host.start([name]));
  }

  #takeIn(name: string): Promise<void> {
    const done = this.#joining.then(async () => {
      if (this.host.nodes.includes(name)) return this.restart(Number(name));
      const members = [...this.host.nodes, name];
      // A clock that names it must be known for a member's wherever it comes.
      const noted = await Promise.all(
        this.topology.up.map((other) => this.#servers.tellMembers(other, members)),
      );
      if (noted.includes(false)) throw new TimeoutError(`taking in server ${name}`, MEMBERS_MS_MAX);
      await this.inTurn(name, () => this.#guardOf(name).start());
    });
    this.#joining = done.catch(() => {});
    return done;
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
