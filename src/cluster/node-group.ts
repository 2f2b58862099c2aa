import { pause } from '../../actors/clock.ts';
import { SynodError } from '../../actors/errors.ts';
import { CLIENTS, type Host, type LinkDirection, type LinkQuality } from '../../actors/host.ts';
import type { InspectionEvent } from '../../actors/inspection.ts';
import { type NodeTally, sumOfTallies } from '../../actors/tally.ts';
import { Gateway } from '../client/gateway.ts';
import { BadOptionError, ClosedError } from '../errors.ts';
import { Topology } from './topology.ts';

/** What a group of nodes tells whoever runs it. */
export interface ClusterEvents {
  /** A node has ended that was not told to, or could not start; undefined: by a time bomb. */
  readonly onNodeEnded?: (node: number, error: Error | undefined) => void;
  /** Something was refused and put right. */
  readonly onWarning?: (warning: Error) => void;
}

/** One end of a link: a node, or the clients of the cluster, all together. */
export type LinkEndpoint = number | typeof CLIENTS;

/** Which direction of a link is meant. */
export interface LinkOptions {
  /** What the first sends to the second alone; both ways by default. */
  readonly oneWay?: boolean;
}

/** A delay is a timer of the platform, which ends there. */
const DELAY_MS_MAX = 2 ** 31 - 1;

/** How often the state of the nodes is looked at while waiting for it. */
const POLL_MS = 4;

/** The nodes of one system, whatever they run, and the fault controls over them. */
export abstract class NodeGroup implements AsyncDisposable {
  protected readonly host: Host;
  protected readonly topology: Topology;
  protected readonly gateway: Gateway;
  protected readonly events: ClusterEvents;
  /** What is left to do once the nodes have ended. */
  readonly #afterwards: () => Promise<void>;
  readonly #clients = new Set<AsyncDisposable>();
  #upWaiters: { readonly name: string; readonly resolve: (up: boolean) => void }[] = [];
  /** The crash or restart under way, by node. */
  readonly #changes = new Map<string, Promise<void>>();
  readonly #addedListeners = new Set<(node: number) => void>();
  #clientsMade = 0;
  #closed = false;

  /** `entrance` is the role of each node that clients talk to. */
  protected constructor(
    host: Host,
    entrance: string,
    events: ClusterEvents,
    afterwards: () => Promise<void> = async () => {},
  ) {
    this.host = host;
    this.events = events;
    this.#afterwards = afterwards;
    this.topology = new Topology(() => host.nodes);
    this.gateway = new Gateway(host, entrance);
    host.attach({
      receive: (envelopes, from) => this.gateway.receive(envelopes, from),
      ended: (node, error) => this.noteDied(node, error),
      warn: (error) => events.onWarning?.(error),
    });
  }

  /** The nodes that there are, by number. */
  get nodes(): readonly number[] {
    return this.host.nodes.map(Number);
  }

  /** Ends a node's thread, at whatever instruction it is. Resolves when it has ended; a dead node stays dead. */
  async crash(node: number): Promise<void> {
    const name = this.nameOf(node);
    await this.inTurn(name, async () => {
      if (!this.topology.isUp(name)) return;
      this.noteEnded(name);
      await this.host.kill(name);
    });
  }

  /** Starts a node again, from its disk. Resolves when its actors run; a live node runs on. */
  async restart(node: number): Promise<void> {
    const name = this.nameOf(node);
    await this.inTurn(name, async () => {
      if (this.topology.isUp(name)) return;
      await this.host.start([name]);
      this.noteStarted(name);
      await this.restarted(name);
    });
  }

  /**
   * Cuts the link between two nodes; clients reach both as before. Or that between `clients` and a node: whoever asks the
   * node for anything, this cluster's own calls among them, waits in vain. Resolves when both know.
   */
  async disconnect(a: LinkEndpoint, b: LinkEndpoint, options: LinkOptions = {}): Promise<void> {
    await this.#link(a, b, false, options);
  }

  /** Mends a link that was cut. {@link degrade} is not undone by it. */
  async connect(a: LinkEndpoint, b: LinkEndpoint, options: LinkOptions = {}): Promise<void> {
    await this.#link(a, b, true, options);
  }

  /**
   * Makes a link bad from now on, until it is told otherwise: its frames are lost with `lossProbability` (0, the default,
   * to 1), or take `delayMs` longer (0 by default) and keep their order. Without either it is as good as ever.
   * @throws BadOptionError.
   */
  async degrade(
    a: LinkEndpoint,
    b: LinkEndpoint,
    { lossProbability = 0, delayMs = 0, ...options }: Partial<LinkQuality> & LinkOptions,
  ): Promise<void> {
    if (!(lossProbability >= 0 && lossProbability <= 1))
      throw new BadOptionError('lossProbability', lossProbability, 'a number from 0 to 1');
    if (!(delayMs >= 0 && delayMs <= DELAY_MS_MAX))
      throw new BadOptionError('delayMs', delayMs, `a number from 0 to ${DELAY_MS_MAX}`);
    await this.#changeLink(this.#endOf(a), this.#endOf(b), { lossProbability, delayMs }, options);
  }

  isUp(node: number): boolean {
    return this.topology.isUp(this.nameOf(node));
  }

  /** Tells of every node that is added from now on, until what this gives is called. */
  onNodeAdded(listener: (node: number) => void): () => void {
    this.#addedListeners.add(listener);
    return () => this.#addedListeners.delete(listener);
  }

  /** Resolves with true as soon as the node is up; with false when the group is closed, or the node no longer there. */
  whenUp(node: number): Promise<boolean> {
    const name = String(node);
    if (!this.host.nodes.includes(name)) return Promise.resolve(false);
    if (this.#closed || this.topology.isUp(name)) return Promise.resolve(!this.#closed);
    return new Promise((resolve) => this.#upWaiters.push({ name, resolve }));
  }

  /** What the nodes that run have done since they started, all together. */
  async tally(): Promise<NodeTally> {
    const tallies = await Promise.all(this.host.nodes.map((name) => this.host.tally(name)));
    return sumOfTallies(tallies.filter((tally) => tally !== undefined));
  }

  /** Listens to the inspection events of every actor, in the shapes of XState's `inspect`; undefined ends it. */
  inspect(listener: ((event: InspectionEvent) => void) | undefined): void {
    this.host.inspect(listener);
  }

  /** Ends the nodes and lets go of their files. Operations under way fail with `SYNOD_CLOSED`. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const { resolve } of this.#upWaiters.splice(0)) resolve(false);
    for (const client of [...this.#clients]) await client[Symbol.asyncDispose]();
    this.gateway.close();
    await this.host[Symbol.asyncDispose]();
    await this.#afterwards();
  }

  /** What else is to be seen before a node counts as restarted. */
  protected async restarted(_name: string): Promise<void> {}

  protected get isClosed(): boolean {
    return this.#closed;
  }

  /** Makes a client of a name of its own, which is closed with the group unless it was before. */
  protected admitClient<C extends AsyncDisposable>(make: (name: string, closed: () => void) => C): C {
    if (this.#closed) throw new ClosedError('a client');
    const client: C = make(`client-${this.#clientsMade++}`, () => this.#clients.delete(client));
    this.#clients.add(client);
    return client;
  }

  protected noteStarted(name: string): void {
    this.topology.setUp(name, true);
    this.gateway.nodeStarted(name);
    const waiting = this.#upWaiters.filter((waiter) => waiter.name === name);
    this.#upWaiters = this.#upWaiters.filter((waiter) => waiter.name !== name);
    for (const { resolve } of waiting) resolve(true);
  }

  protected noteAdded(name: string): void {
    this.noteStarted(name);
    for (const listener of this.#addedListeners) listener(Number(name));
  }

  protected noteEnded(name: string): void {
    this.topology.setUp(name, false);
    this.gateway.nodeEnded(name);
  }

  /** A node has ended by itself. */
  protected noteDied(name: string, error: Error | undefined): void {
    this.noteEnded(name);
    this.events.onNodeEnded?.(Number(name), error);
  }

  /** Ends a node for good, and removes its files. */
  protected async forget(name: string): Promise<void> {
    await this.inTurn(name, async () => {
      this.noteEnded(name);
      this.topology.remove(name);
      await this.host.remove(name);
    });
    for (const { resolve } of this.#upWaiters.filter((waiter) => waiter.name === name)) resolve(false);
    this.#upWaiters = this.#upWaiters.filter((waiter) => waiter.name !== name);
  }

  /** @throws SynodError `SYNOD_NO_SUCH_NODE`. */
  protected nameOf(node: number): string {
    const name = String(node);
    if (this.host.nodes.includes(name)) return name;
    throw new SynodError(
      'SYNOD_NO_SUCH_NODE',
      `there is no node ${node}; the nodes are ${this.host.nodes.join(', ')}`,
    );
  }

  /** Crashes and restarts of one node happen one after the other, in the order of their calls. */
  protected inTurn(name: string, work: () => Promise<void>): Promise<void> {
    const before = this.#changes.get(name);
    const done = before === undefined ? work() : before.then(work);
    const settled = done.then(
      () => {},
      () => {},
    );
    this.#changes.set(name, settled);
    void settled.then(() => {
      if (this.#changes.get(name) === settled) this.#changes.delete(name);
    });
    return done;
  }

  /** Looks again and again until a condition holds. @throws ClosedError. */
  protected async until(condition: () => Promise<boolean>): Promise<void> {
    while (!this.#closed && !(await condition())) {
      await pause(this.host.clock, POLL_MS);
    }
    if (this.#closed) throw new ClosedError('waiting for the cluster');
  }

  async #link(a: LinkEndpoint, b: LinkEndpoint, connected: boolean, options: LinkOptions): Promise<void> {
    const [from, to] = [this.#endOf(a), this.#endOf(b)];
    if (from === to) return;
    if (from !== CLIENTS && to !== CLIENTS) {
      if (options.oneWay) this.topology.setDirection(from, to, connected);
      else this.topology.setLink(from, to, connected);
    }
    await this.#changeLink(from, to, { connected }, options);
  }

  async #changeLink(
    from: string,
    to: string,
    changes: Partial<LinkDirection>,
    { oneWay = false }: LinkOptions,
  ): Promise<void> {
    if (from === to) return;
    const there = this.host.changeLink(from, to, changes);
    await Promise.all([there, ...(oneWay ? [] : [this.host.changeLink(to, from, changes)])]);
  }

  #endOf(end: LinkEndpoint): string {
    return end === CLIENTS ? CLIENTS : this.nameOf(end);
  }
}
