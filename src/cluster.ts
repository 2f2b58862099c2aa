import { SynodError } from '../actors/errors.ts';
import type { Host } from '../actors/host.ts';
import type { InspectionEvent } from '../actors/inspection.ts';
import { Client, type ClientOptions } from './client/client.ts';
import { Gateway } from './client/gateway.ts';
import { ClosedError, NoQuorumError } from './errors.ts';
import { type NodeReport, Observer } from './observer.ts';
import { PROTOCOLS, type Protocol, type ProtocolName } from './protocols.ts';
import { Topology } from './topology.ts';

/** A node as the cluster sees it. */
export interface NodeStatus {
  readonly node: number;
  readonly up: boolean;
  readonly leads: boolean;
  /** The position of the log up to which commands are applied; undefined while the node is down or silent. */
  readonly applied: number | undefined;
  /** The same, on disk. */
  readonly durable: number | undefined;
}

export interface ClusterStatus {
  readonly protocol: ProtocolName;
  /** The node that leads; undefined while none does. */
  readonly leader: number | undefined;
  readonly nodes: readonly NodeStatus[];
  /** Links that are cut. */
  readonly cut: readonly (readonly [number, number])[];
}

/** What a cluster tells whoever runs it. */
export interface ClusterEvents {
  /** A node has ended that was not told to, or could not start; undefined: by a time bomb. */
  readonly onNodeEnded?: (node: number, error: Error | undefined) => void;
  /** Something was refused and put right. */
  readonly onWarning?: (warning: Error) => void;
}

/** How often the state of the nodes is looked at while waiting for it. */
const POLL_MS = 4;
/** Without a majority nothing new begins: what was under way has ended when so many looks in a row show the same. */
const SAME_LOOKS = 5;

/**
 * The nodes of one replicated system, and the controls over them. Make one by `createCluster`; `await using` (or
 * `cluster[Symbol.asyncDispose]()`) ends its threads and lets go of its files.
 */
export class Cluster implements AsyncDisposable {
  readonly protocol: ProtocolName;
  /** The nodes, by number, from 0. */
  readonly nodes: readonly number[];
  readonly #names: readonly string[];
  readonly #host: Host;
  readonly #protocol: Protocol;
  readonly #topology: Topology;
  readonly #gateway: Gateway;
  readonly #observer: Observer;
  /** What is left to do once the nodes have ended. */
  readonly #afterwards: () => Promise<void>;
  readonly #events: ClusterEvents;
  readonly #clients = new Set<Client>();
  #upWaiters: { readonly name: string; readonly resolve: (up: boolean) => void }[] = [];
  /** The crash or restart under way, by node. */
  readonly #changes = new Map<string, Promise<void>>();
  #clientsMade = 0;
  #closed = false;

  /** Use `createCluster`, which also starts the nodes. */
  constructor(
    protocol: ProtocolName,
    host: Host,
    names: readonly string[],
    events: ClusterEvents = {},
    afterwards: () => Promise<void> = async () => {},
  ) {
    this.protocol = protocol;
    this.#afterwards = afterwards;
    this.#events = events;
    this.nodes = names.map(Number);
    this.#names = names;
    this.#host = host;
    this.#protocol = PROTOCOLS[protocol];
    this.#topology = new Topology(names);
    this.#gateway = new Gateway(host, names, this.#protocol.entrance);
    this.#observer = new Observer(this.#gateway, this.#protocol.leader);
    host.attach({
      receive: (envelopes, from) => this.#gateway.receive(envelopes, from),
      ended: (node, error) => {
        this.#noteEnded(node);
        events.onNodeEnded?.(Number(node), error);
      },
      warn: (error) => events.onWarning?.(error),
    });
  }

  /**
   * Starts all nodes. Resolves when one of them leads, and all know it. Where some cannot start but a majority can,
   * it goes on without them, and `onNodeEnded` hears why. @throws the reason when no majority can start.
   */
  async start(): Promise<void> {
    await this.#startMajority();
    await this.#until(async () => {
      // One that dies meanwhile is not waited for.
      const up = this.#names.filter((name) => this.#topology.isUp(name));
      if (!this.hasQuorum()) throw new NoQuorumError('starting the cluster', 0);
      const reports = await this.#observer.observe(up);
      const leader = leaderOf(reports)?.node;
      return (
        leader !== undefined &&
        reports.length === up.length &&
        reports.every(({ replica }) => replica.leader === leader)
      );
    });
  }

  /** Makes a client. Resolves when the cluster knows its session, which takes a majority. */
  async client(options: ClientOptions = {}): Promise<Client> {
    if (this.#closed) throw new ClosedError('a client');
    const client = new Client(`client-${this.#clientsMade++}`, this.#gateway, {
      ...options,
      hasQuorum: () => this.hasQuorum(),
      closed: () => this.#clients.delete(client),
    });
    this.#clients.add(client);
    const { timeoutMs = 10_000 } = options;
    try {
      await this.#within(timeoutMs, client.open());
    } catch (error) {
      await client[Symbol.asyncDispose]();
      throw error;
    }
    return client;
  }

  /** Ends a node's thread, at whatever instruction it is. Resolves when it has ended; a dead node stays dead. */
  async crash(node: number): Promise<void> {
    const name = this.#nameOf(node);
    await this.#inTurn(name, async () => {
      if (!this.#topology.isUp(name)) return;
      this.#noteEnded(name);
      await this.#host.kill(name);
    });
  }

  /** Starts a node again, from its disk. Resolves when its actors run; a live node runs on. */
  async restart(node: number): Promise<void> {
    const name = this.#nameOf(node);
    await this.#inTurn(name, async () => {
      if (this.#topology.isUp(name)) return;
      await this.#host.start([name]);
      this.#noteStarted(name);
    });
  }

  /** Cuts the link between two nodes. Clients reach both as before. */
  async disconnect(a: number, b: number): Promise<void> {
    await this.#link(a, b, false);
  }

  /** Mends the link between two nodes. */
  async connect(a: number, b: number): Promise<void> {
    await this.#link(a, b, true);
  }

  /**
   * Lets the leader of this moment end itself after it has sent so many more messages of the protocol to other
   * nodes (Paxos: p1a and p2a; heartbeats do not count), nothing after the last. 0: at once.
   * @throws NoQuorumError when nobody leads, nor can.
   */
  async crashLeaderAfter(messages: number): Promise<void> {
    let leader: string | undefined;
    await this.#until(async () => {
      leader = leaderOf(await this.#observer.observe(this.#names))?.node;
      return leader !== undefined || !this.hasQuorum();
    });
    if (leader === undefined) throw new NoQuorumError('finding the leader', 0);
    if (messages === 0) await this.crash(Number(leader));
    else this.#host.killAfter(leader, messages, this.#protocol.progressMessages);
  }

  isUp(node: number): boolean {
    return this.#topology.isUp(this.#nameOf(node));
  }

  /** Resolves with true as soon as the node is up; with false when the cluster is closed. */
  whenUp(node: number): Promise<boolean> {
    const name = this.#nameOf(node);
    if (this.#closed || this.#topology.isUp(name)) return Promise.resolve(!this.#closed);
    return new Promise((resolve) => this.#upWaiters.push({ name, resolve }));
  }

  /** Whether a connected majority of the nodes lives. */
  hasQuorum(): boolean {
    return this.#topology.hasQuorum();
  }

  async status(): Promise<ClusterStatus> {
    const reports = await this.#observer.observe(this.#names);
    const leader = leaderOf(reports)?.node;
    return {
      protocol: this.protocol,
      leader: leader === undefined ? undefined : Number(leader),
      nodes: this.#names.map((name) => {
        const replica = reports.find(({ node }) => node === name)?.replica;
        return {
          node: Number(name),
          up: this.#topology.isUp(name),
          leads: name === leader,
          applied: replica?.applied,
          durable: replica?.durable,
        };
      }),
      cut: this.#topology.cut.map(([a, b]) => [Number(a), Number(b)]),
    };
  }

  /**
   * Resolves when all that was proposed is decided and applied by every live node that is connected with a live
   * majority; or, where no majority is connected, when nothing more can happen.
   */
  async settled(): Promise<void> {
    let last = '';
    let same = 0;
    await this.#until(async () => {
      const side = this.#topology.majoritySide();
      if (side.length > 0) {
        same = 0;
        return isSettled(await this.#observer.observe(side), side);
      }
      const reports = await this.#observer.observe(this.#names);
      const now = JSON.stringify(reports.map(({ node, replica }) => [node, replica.applied]));
      same = now === last ? same + 1 : 0;
      last = now;
      return same >= SAME_LOOKS;
    });
  }

  /** Listens to the inspection events of every actor, in the shapes of XState's `inspect`; undefined ends it. */
  inspect(listener: ((event: InspectionEvent) => void) | undefined): void {
    this.#host.inspect(listener);
  }

  /** Ends the nodes and lets go of their files. Operations under way fail with `SYNOD_CLOSED`. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const { resolve } of this.#upWaiters.splice(0)) resolve(false);
    for (const client of [...this.#clients]) await client[Symbol.asyncDispose]();
    this.#gateway.close();
    await this.#host[Symbol.asyncDispose]();
    await this.#afterwards();
  }

  /** Crashes and restarts of one node happen one after the other, in the order of their calls. */
  #inTurn(name: string, work: () => Promise<void>): Promise<void> {
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

  async #startMajority(): Promise<void> {
    try {
      await this.#host.start(this.#names);
      for (const name of this.#names) this.#noteStarted(name);
      return;
    } catch {
      // One that cannot start keeps the others from starting with it: now each by itself.
    }
    const started = await Promise.allSettled(
      this.#names.map((name) => this.#host.start([name]).then(() => this.#noteStarted(name))),
    );
    const failures = started.flatMap((outcome, index) =>
      outcome.status === 'rejected' ? [{ name: this.#names[index]!, reason: outcome.reason as Error }] : [],
    );
    if (!this.hasQuorum()) throw failures[0]?.reason;
    for (const { name, reason } of failures) this.#events.onNodeEnded?.(Number(name), reason);
  }

  async #link(a: number, b: number, connected: boolean): Promise<void> {
    const [nameA, nameB] = [this.#nameOf(a), this.#nameOf(b)];
    if (nameA === nameB) return;
    this.#topology.setLink(nameA, nameB, connected);
    await this.#host.link(nameA, nameB, connected);
  }

  #noteStarted(name: string): void {
    this.#topology.setUp(name, true);
    this.#gateway.nodeStarted(name);
    const waiting = this.#upWaiters.filter((waiter) => waiter.name === name);
    this.#upWaiters = this.#upWaiters.filter((waiter) => waiter.name !== name);
    for (const { resolve } of waiting) resolve(true);
  }

  #noteEnded(name: string): void {
    this.#topology.setUp(name, false);
    this.#gateway.nodeEnded(name);
  }

  #nameOf(node: number): string {
    const name = this.#names[node];
    if (name !== undefined) return name;
    throw new SynodError(
      'SYNOD_NO_SUCH_NODE',
      `there is no node ${node}; the nodes are 0 to ${this.#names.length - 1}`,
    );
  }

  async #until(condition: () => Promise<boolean>): Promise<void> {
    while (!this.#closed && !(await condition())) {
      await new Promise<void>((resolve) => this.#host.clock.after(POLL_MS, resolve));
    }
    if (this.#closed) throw new ClosedError('waiting for the cluster');
  }

  async #within(timeoutMs: number, work: Promise<void>): Promise<void> {
    if (!Number.isFinite(timeoutMs)) return work;
    let cancel = () => {};
    const late = new Promise<never>((_, reject) => {
      cancel = this.#host.clock.after(timeoutMs, () =>
        reject(new NoQuorumError('opening a session', timeoutMs)),
      );
    });
    try {
      await Promise.race([work, late]);
    } finally {
      cancel();
    }
  }
}

/** Of several that think so, the one of the latest reign leads; the others have yet to hear of it. */
function leaderOf(reports: readonly NodeReport[]): NodeReport | undefined {
  return reports
    .filter(({ leader }) => leader.leads)
    .sort((a, b) => b.leader.term - a.leader.term || (a.node < b.node ? 1 : -1))[0];
}

function isSettled(reports: readonly NodeReport[], side: readonly string[]): boolean {
  const leader = leaderOf(reports);
  if (leader === undefined || reports.length < side.length) return false;
  if (leader.leader.open > 0 || leader.leader.pending > 0) return false;
  return reports.every(({ replica }) => replica.current && replica.applied === leader.replica.applied);
}
