import { SynodError } from '../actors/errors.ts';
import type { Host } from '../actors/host.ts';
import type { InspectionEvent } from '../actors/inspection.ts';
import type { SetMembers, TransferLeadership } from '../machines/raft/messages.ts';
import { Client, type ClientOptions } from './client/client.ts';
import { Gateway } from './client/gateway.ts';
import { BadOptionError, ClosedError, NoQuorumError, TimeoutError, UnsupportedError } from './errors.ts';
import { Membership, type Reign } from './membership.ts';
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
  /** A voter has a say in what is decided; a learner receives it; undefined while no leader is there to say. */
  readonly member: 'voter' | 'learner' | 'none' | undefined;
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
/** A node that is back says within so long whether it remembers; one that cannot be heard is not waited for. */
const FIRST_LOOK_MS = 100;
/** How often a node that has lost its memory is looked at. */
const VOTE_LOOK_MS = 25;
/** A newcomer may have much to learn. */
const CHANGE_TIMEOUT_MS = 60_000;

/** How long a change of members, or of the leader, may take. */
export interface ChangeOptions {
  readonly timeoutMs?: number;
}

/**
 * The nodes of one replicated system, and the controls over them. Make one by `createCluster`; `await using` (or
 * `cluster[Symbol.asyncDispose]()`) ends its threads and lets go of its files.
 */
export class Cluster implements AsyncDisposable {
  readonly protocol: ProtocolName;
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
  readonly #membership: Membership;
  readonly #addedListeners = new Set<(node: number) => void>();
  /** The highest number that was given to a node. */
  #highest = 0;
  #clientsMade = 0;
  #closed = false;

  /** Use `createCluster`, which also starts the nodes. */
  constructor(
    protocol: ProtocolName,
    host: Host,
    events: ClusterEvents = {},
    afterwards: () => Promise<void> = async () => {},
  ) {
    this.protocol = protocol;
    this.#afterwards = afterwards;
    this.#events = events;
    this.#host = host;
    this.#protocol = PROTOCOLS[protocol];
    this.#topology = new Topology(() => host.nodes);
    this.#gateway = new Gateway(host, this.#protocol.entrance);
    this.#observer = new Observer(this.#gateway, this.#protocol.leader);
    this.#membership = new Membership({
      clock: host.clock,
      reign: () => this.#reign(),
      unanswered: (what, timeoutMs) => this.#unanswered(what, timeoutMs),
      setMembers: (leader, voters) => {
        const message: SetMembers = { type: 'setMembers', voters };
        this.#observer.tell(leader, message);
      },
      transferLeadership: (leader, to) => {
        const message: TransferLeadership = { type: 'transferLeadership', to };
        this.#observer.tell(leader, message);
      },
    });
    host.attach({
      receive: (envelopes, from) => this.#gateway.receive(envelopes, from),
      ended: (node, error) => {
        this.#noteEnded(node);
        events.onNodeEnded?.(Number(node), error);
      },
      warn: (error) => events.onWarning?.(error),
    });
  }

  /** The nodes that there are, by number. */
  get nodes(): readonly number[] {
    return this.#host.nodes.map(Number);
  }

  /**
   * Starts all nodes. Resolves when one of them leads, and all know it. Where some cannot start but a majority can,
   * it goes on without them, and `onNodeEnded` hears why. @throws the reason when no majority can start.
   */
  async start(): Promise<void> {
    await this.#startMajority();
    await this.#until(async () => {
      // One that dies meanwhile is not waited for.
      const up = this.#host.nodes.filter((name) => this.#topology.isUp(name));
      if (!this.hasQuorum()) throw new NoQuorumError('starting the cluster', 0, this.#topology.mute);
      const reports = await this.#observe(up);
      const leader = leaderOf(reports);
      return (
        leader !== undefined &&
        reports.length === up.length &&
        reports.every(({ node, replica }) => replica.leader === leader.node || !isMember(leader, node))
      );
    });
    await this.#finishChanges();
  }

  /** Makes a client. Resolves when the cluster knows its session, which takes a majority. */
  async client(options: ClientOptions = {}): Promise<Client> {
    if (this.#closed) throw new ClosedError('a client');
    const client = new Client(`client-${this.#clientsMade++}`, this.#gateway, {
      ...options,
      unanswered: (what, timeoutMs) => this.#unanswered(what, timeoutMs),
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
      await Promise.race([this.#watchVote(name), this.#pause(FIRST_LOOK_MS)]);
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
      leader = leaderOf(await this.#observe(this.#host.nodes))?.node;
      return leader !== undefined || !this.hasQuorum();
    });
    if (leader === undefined) throw new NoQuorumError('finding the leader', 0, this.#topology.mute);
    if (messages === 0) await this.crash(Number(leader));
    else this.#host.killAfter(leader, messages, this.#protocol.progressMessages);
  }

  /**
   * Takes in a new node while the cluster runs, and gives its number: it learns all that is there, and then votes.
   * @throws UnsupportedError; TimeoutError, NoQuorumError: the node is there, and may become a voter yet. Its number
   * is the highest in {@link nodes}; {@link removeNode} takes it out again.
   */
  async addNode({ timeoutMs = CHANGE_TIMEOUT_MS }: ChangeOptions = {}): Promise<number> {
    this.#assertChangesMembers('adding a node');
    const name = await this.#startNewNode();
    await this.#membership.set((voters) => [...voters.filter((voter) => voter !== name), name], timeoutMs);
    return Number(name);
  }

  /**
   * Takes a node out while the cluster runs, dead or alive, then ends it and removes its files.
   * @throws UnsupportedError; BadOptionError for the last node, or voter; TimeoutError, NoQuorumError: it may be out, or go yet.
   */
  async removeNode(node: number, { timeoutMs = CHANGE_TIMEOUT_MS }: ChangeOptions = {}): Promise<void> {
    this.#assertChangesMembers('removing a node');
    const name = this.#nameOf(node);
    const isLast = () => new BadOptionError('node', node, 'one of several nodes');
    if (this.#host.nodes.length === 1) throw isLast();
    const leaveOut = (voters: readonly string[]) => {
      const others = voters.filter((voter) => voter !== name);
      // The others may be on their way out, or not have a vote yet.
      if (others.length === 0) throw isLast();
      return others;
    };
    await this.#membership.set(leaveOut, timeoutMs);
    await this.#forget(name);
  }

  /**
   * Puts a new node in the place of one, dead or alive, in one step: the others are as many as before all the while.
   * Gives the number of the new one. @throws as {@link addNode}.
   */
  async replaceNode(node: number, { timeoutMs = CHANGE_TIMEOUT_MS }: ChangeOptions = {}): Promise<number> {
    this.#assertChangesMembers('replacing a node');
    const former = this.#nameOf(node);
    const name = await this.#startNewNode();
    const replace = (voters: readonly string[]) => [
      ...voters.filter((voter) => voter !== former && voter !== name),
      name,
    ];
    await this.#membership.set(replace, timeoutMs);
    await this.#forget(former);
    return Number(name);
  }

  /**
   * Lets another node lead: that one, or whichever is furthest; commands wait meanwhile, for a few milliseconds.
   * @throws UnsupportedError; TimeoutError, NoQuorumError: it may lead yet.
   */
  async transferLeadership(
    to?: number,
    { timeoutMs = CHANGE_TIMEOUT_MS }: ChangeOptions = {},
  ): Promise<void> {
    this.#assertChangesMembers('a transfer of leadership');
    await this.#membership.transfer(to === undefined ? undefined : this.#nameOf(to), timeoutMs);
  }

  isUp(node: number): boolean {
    return this.#topology.isUp(this.#nameOf(node));
  }

  /** Tells of every node that is added from now on, until what this gives is called. */
  onNodeAdded(listener: (node: number) => void): () => void {
    this.#addedListeners.add(listener);
    return () => this.#addedListeners.delete(listener);
  }

  /** Resolves with true as soon as the node is up; with false when the cluster is closed, or the node no longer there. */
  whenUp(node: number): Promise<boolean> {
    const name = String(node);
    if (!this.#host.nodes.includes(name)) return Promise.resolve(false);
    if (this.#closed || this.#topology.isUp(name)) return Promise.resolve(!this.#closed);
    return new Promise((resolve) => this.#upWaiters.push({ name, resolve }));
  }

  /** Whether a connected majority of the nodes lives. */
  hasQuorum(): boolean {
    return this.#topology.hasQuorum();
  }

  async status(): Promise<ClusterStatus> {
    const reports = await this.#observe(this.#host.nodes);
    const leader = leaderOf(reports);
    return {
      protocol: this.protocol,
      leader: leader === undefined ? undefined : Number(leader.node),
      nodes: this.#host.nodes.map((name) => {
        const replica = reports.find(({ node }) => node === name)?.replica;
        return {
          node: Number(name),
          up: this.#topology.isUp(name),
          leads: name === leader?.node,
          applied: replica?.applied,
          durable: replica?.durable,
          member: leader && membershipIn(leader, name),
        };
      }),
      cut: this.#topology.cut.map(([a, b]) => [Number(a), Number(b)]),
    };
  }

  /**
   * Resolves when all that was proposed is decided and applied by every live member that is connected with a live
   * majority, and those that had lost their memory are counted again; or, where no majority is connected, when nothing
   * more can happen.
   */
  async settled(): Promise<void> {
    let last = '';
    let same = 0;
    await this.#until(async () => {
      const side = this.#topology.majoritySide();
      if (side.length > 0) {
        same = 0;
        return isSettled(await this.#observe(side), side);
      }
      const reports = await this.#observe(this.#host.nodes);
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
    await this.#host.open();
    try {
      await this.#host.start(this.#host.nodes);
      for (const name of this.#host.nodes) this.#noteStarted(name);
      return;
    } catch {
      // One that cannot start keeps the others from starting with it: now each by itself.
    }
    const started = await Promise.allSettled(
      this.#host.nodes.map((name) => this.#host.start([name]).then(() => this.#noteStarted(name))),
    );
    const failures = started.flatMap((outcome, index) =>
      outcome.status === 'rejected'
        ? [{ name: this.#host.nodes[index]!, reason: outcome.reason as Error }]
        : [],
    );
    if (!this.hasQuorum()) throw failures[0]?.reason;
    for (const { name, reason } of failures) this.#events.onNodeEnded?.(Number(name), reason);
  }

  async #observe(names: readonly string[]): Promise<NodeReport[]> {
    const reports = await this.#observer.observe(names);
    const members = leaderOf(reports)?.leader.members;
    if (members !== undefined) this.#topology.setVoters(members.voters);
    for (const { node, leader } of reports) this.#topology.setVoting(node, leader.hasVote);
    return reports;
  }

  /** Looks whether a node that is back has lost its memory; and if so, until it has been taken in again. */
  async #watchVote(name: string): Promise<void> {
    await this.#observe([name]);
    if (!this.#topology.hasVote(name)) void this.#watchMute(name);
  }

  async #watchMute(name: string): Promise<void> {
    while (!this.#closed && this.#topology.isUp(name) && !this.#topology.hasVote(name)) {
      await this.#pause(VOTE_LOOK_MS);
      await this.#observe([name]);
    }
  }

  #unanswered(what: string, timeoutMs: number): SynodError {
    if (this.hasQuorum()) return new TimeoutError(what, timeoutMs);
    return new NoQuorumError(what, timeoutMs, this.#topology.mute);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#host.clock.after(ms, resolve));
  }

  async #reign(): Promise<Reign | undefined> {
    if (this.#closed) throw new ClosedError('a change of members');
    const leader = leaderOf(await this.#observe(this.#host.nodes));
    const members = leader?.leader.members;
    return leader === undefined || members === undefined ? undefined : { leader: leader.node, members };
  }

  async #startNewNode(): Promise<string> {
    // Never one that another node has had: somewhere a vote of that one may still count (thesis, section 3.8).
    const known = [...this.#host.nodes, ...this.#host.former].map(Number);
    this.#highest = Math.max(this.#highest, ...known) + 1;
    const name = String(this.#highest);
    await this.#host.add(name);
    this.#noteStarted(name);
    for (const listener of this.#addedListeners) listener(Number(name));
    return name;
  }

  async #forget(name: string): Promise<void> {
    await this.#inTurn(name, async () => {
      this.#noteEnded(name);
      this.#topology.remove(name);
      await this.#host.remove(name);
    });
    for (const { resolve } of this.#upWaiters.filter((waiter) => waiter.name === name)) resolve(false);
    this.#upWaiters = this.#upWaiters.filter((waiter) => waiter.name !== name);
  }

  /** A change of members may have been broken off when the cluster last ended: nodes that no voter is left with go. */
  async #finishChanges(): Promise<void> {
    if (!this.#protocol.changesMembers) return;
    const { members } = (await this.#reign()) ?? {};
    if (members === undefined) return;
    const isWhole = !members.changing && members.learners.length === 0;
    if (!isWhole) await this.#membership.set((voters) => voters, CHANGE_TIMEOUT_MS);
    const { voters } = (await this.#reign())?.members ?? members;
    for (const name of this.#host.nodes) if (!voters.includes(name)) await this.#forget(name);
  }

  #assertChangesMembers(what: string): void {
    if (this.#closed) throw new ClosedError(what);
    if (this.#protocol.changesMembers) return;
    throw new UnsupportedError(what, this.protocol, 'its nodes are those that it was founded with');
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
    const name = String(node);
    if (this.#host.nodes.includes(name)) return name;
    throw new SynodError(
      'SYNOD_NO_SUCH_NODE',
      `there is no node ${node}; the nodes are ${this.#host.nodes.join(', ')}`,
    );
  }

  async #until(condition: () => Promise<boolean>): Promise<void> {
    while (!this.#closed && !(await condition())) {
      await this.#pause(POLL_MS);
    }
    if (this.#closed) throw new ClosedError('waiting for the cluster');
  }

  async #within(timeoutMs: number, work: Promise<void>): Promise<void> {
    if (!Number.isFinite(timeoutMs)) return work;
    let cancel = () => {};
    const late = new Promise<never>((_, reject) => {
      cancel = this.#host.clock.after(timeoutMs, () =>
        reject(new NoQuorumError('opening a session', timeoutMs, this.#topology.mute)),
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

function isMember(leader: NodeReport, node: string): boolean {
  return membershipIn(leader, node) !== 'none';
}

/** Where members never change, every node is a voter. */
function membershipIn({ leader: { members } }: NodeReport, node: string): 'voter' | 'learner' | 'none' {
  if (members === undefined || members.voters.includes(node)) return 'voter';
  return members.learners.includes(node) ? 'learner' : 'none';
}

function isSettled(reports: readonly NodeReport[], side: readonly string[]): boolean {
  const leader = leaderOf(reports);
  if (leader === undefined || leader.leader.open > 0 || leader.leader.pending > 0) return false;
  // One that is not taken in yet, or was given up, is told of nothing.
  const members = side.filter((node) => isMember(leader, node));
  return members.every((member) => {
    const report = reports.find(({ node }) => node === member);
    if (report === undefined || !report.replica.current) return false;
    const isIn = report.leader.hasVote || membershipIn(leader, member) === 'learner';
    return isIn && report.replica.applied === leader.replica.applied;
  });
}
