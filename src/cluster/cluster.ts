import { pause } from '../../actors/clock.ts';
import type { SynodError } from '../../actors/errors.ts';
import type { Host } from '../../actors/host.ts';
import type { SetMembers, TransferLeadership } from '../../machines/raft/messages.ts';
import { Client, type ClientOptions } from '../client/client.ts';
import { BadOptionError, ClosedError, NoQuorumError, TimeoutError, UnsupportedError } from '../errors.ts';
import { type ClusterStatus, isMember, isSettled, leaderOf, membershipIn } from './cluster-status.ts';
import { Membership, type Reign } from './membership.ts';
import { type ClusterEvents, NodeGroup } from './node-group.ts';
import { type NodeReport, Observer } from './observer.ts';
import { PROTOCOLS, type Protocol, type ProtocolName } from './protocols.ts';
import { Quorum } from './quorum.ts';

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
export class Cluster extends NodeGroup {
  readonly protocol: ProtocolName;
  readonly #protocol: Protocol;
  readonly #quorum: Quorum;
  readonly #observer: Observer;
  readonly #membership: Membership;
  /** The highest number that was given to a node. */
  #highest = 0;

  /** Use `createCluster`, which also starts the nodes. */
  constructor(
    protocol: ProtocolName,
    host: Host,
    events: ClusterEvents = {},
    afterwards?: () => Promise<void>,
  ) {
    super(host, PROTOCOLS[protocol].entrance, events, afterwards);
    this.protocol = protocol;
    this.#protocol = PROTOCOLS[protocol];
    this.#quorum = new Quorum(this.topology);
    this.#observer = new Observer(this.gateway, this.#protocol.leader);
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
  }

  /**
   * Starts all nodes. Resolves when one of them leads, and all know it. Where some cannot start but a majority can,
   * it goes on without them, and `onNodeEnded` hears why. @throws the reason when no majority can start.
   */
  async start(): Promise<void> {
    await this.#startMajority();
    await this.until(async () => {
      // One that dies meanwhile is not waited for.
      const up = this.host.nodes.filter((name) => this.topology.isUp(name));
      if (!this.hasQuorum()) throw new NoQuorumError('starting the cluster', 0, this.#quorum.mute);
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
    const client = this.admitClient(
      (name, closed) =>
        new Client(name, this.gateway, {
          ...options,
          unanswered: (what, timeoutMs) => this.#unanswered(what, timeoutMs),
          closed,
        }),
    );
    const { timeoutMs = 10_000 } = options;
    try {
      await this.#within(timeoutMs, client.open());
    } catch (error) {
      await client[Symbol.asyncDispose]();
      throw error;
    }
    return client;
  }

  /**
   * Lets the leader of this moment end itself after it has sent so many more messages of the protocol to other
   * nodes (Paxos: p1a and p2a; heartbeats do not count), nothing after the last. 0: at once.
   * @throws NoQuorumError when nobody leads, nor can.
   */
  async crashLeaderAfter(messages: number): Promise<void> {
    let leader: string | undefined;
    await this.until(async () => {
      leader = leaderOf(await this.#observe(this.host.nodes))?.node;
      return leader !== undefined || !this.hasQuorum();
    });
    if (leader === undefined) throw new NoQuorumError('finding the leader', 0, this.#quorum.mute);
    if (messages === 0) await this.crash(Number(leader));
    else this.host.killAfter(leader, messages, this.#protocol.progressMessages);
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
    const name = this.nameOf(node);
    const isLast = () => new BadOptionError('node', node, 'one of several nodes');
    if (this.host.nodes.length === 1) throw isLast();
    const leaveOut = (voters: readonly string[]) => {
      const others = voters.filter((voter) => voter !== name);
      // The others may be on their way out, or not have a vote yet.
      if (others.length === 0) throw isLast();
      return others;
    };
    await this.#membership.set(leaveOut, timeoutMs);
    await this.forget(name);
  }

  /**
   * Puts a new node in the place of one, dead or alive, in one step: the others are as many as before all the while.
   * Gives the number of the new one. @throws as {@link addNode}.
   */
  async replaceNode(node: number, { timeoutMs = CHANGE_TIMEOUT_MS }: ChangeOptions = {}): Promise<number> {
    this.#assertChangesMembers('replacing a node');
    const former = this.nameOf(node);
    const name = await this.#startNewNode();
    const replace = (voters: readonly string[]) => [
      ...voters.filter((voter) => voter !== former && voter !== name),
      name,
    ];
    await this.#membership.set(replace, timeoutMs);
    await this.forget(former);
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
    await this.#membership.transfer(to === undefined ? undefined : this.nameOf(to), timeoutMs);
  }

  /** Whether a connected majority of the nodes lives. */
  hasQuorum(): boolean {
    return this.#quorum.isConnected();
  }

  async status(): Promise<ClusterStatus> {
    const reports = await this.#observe(this.host.nodes);
    const leader = leaderOf(reports);
    return {
      protocol: this.protocol,
      leader: leader === undefined ? undefined : Number(leader.node),
      nodes: this.host.nodes.map((name) => {
        const replica = reports.find(({ node }) => node === name)?.replica;
        return {
          node: Number(name),
          up: this.topology.isUp(name),
          leads: name === leader?.node,
          applied: replica?.applied,
          durable: replica?.durable,
          member: leader && membershipIn(leader, name),
        };
      }),
      cut: this.topology.cut.map(([a, b]) => [Number(a), Number(b)]),
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
    await this.until(async () => {
      const side = this.#quorum.majoritySide();
      if (side.length > 0) {
        same = 0;
        return isSettled(await this.#observe(side), side);
      }
      const reports = await this.#observe(this.host.nodes);
      const now = JSON.stringify(reports.map(({ node, replica }) => [node, replica.applied]));
      same = now === last ? same + 1 : 0;
      last = now;
      return same >= SAME_LOOKS;
    });
  }

  async #startMajority(): Promise<void> {
    await this.host.open();
    try {
      await this.host.start(this.host.nodes);
      for (const name of this.host.nodes) this.noteStarted(name);
      return;
    } catch {
      // One that cannot start keeps the others from starting with it: now each by itself.
    }
    const started = await Promise.allSettled(
      this.host.nodes.map((name) => this.host.start([name]).then(() => this.noteStarted(name))),
    );
    const failures = started.flatMap((outcome, index) =>
      outcome.status === 'rejected'
        ? [{ name: this.host.nodes[index]!, reason: outcome.reason as Error }]
        : [],
    );
    if (!this.hasQuorum()) throw failures[0]?.reason;
    for (const { name, reason } of failures) this.events.onNodeEnded?.(Number(name), reason);
  }

  async #observe(names: readonly string[]): Promise<NodeReport[]> {
    const reports = await this.#observer.observe(names);
    const members = leaderOf(reports)?.leader.members;
    if (members !== undefined) this.#quorum.setVoters(members.voters);
    for (const { node, leader } of reports) this.#quorum.setVoting(node, leader.hasVote);
    return reports;
  }

  protected override async restarted(name: string): Promise<void> {
    await Promise.race([this.#watchVote(name), pause(this.host.clock, FIRST_LOOK_MS)]);
  }

  protected override async forget(name: string): Promise<void> {
    await super.forget(name);
    this.#quorum.remove(name);
  }

  /** Looks whether a node that is back has lost its memory; and if so, until it has been taken in again. */
  async #watchVote(name: string): Promise<void> {
    await this.#observe([name]);
    if (!this.#quorum.hasVote(name)) void this.#watchMute(name);
  }

  async #watchMute(name: string): Promise<void> {
    while (!this.isClosed && this.topology.isUp(name) && !this.#quorum.hasVote(name)) {
      await pause(this.host.clock, VOTE_LOOK_MS);
      await this.#observe([name]);
    }
  }

  #unanswered(what: string, timeoutMs: number): SynodError {
    if (this.hasQuorum()) return new TimeoutError(what, timeoutMs);
    return new NoQuorumError(what, timeoutMs, this.#quorum.mute);
  }

  async #reign(): Promise<Reign | undefined> {
    if (this.isClosed) throw new ClosedError('a change of members');
    const leader = leaderOf(await this.#observe(this.host.nodes));
    const members = leader?.leader.members;
    return leader === undefined || members === undefined ? undefined : { leader: leader.node, members };
  }

  async #startNewNode(): Promise<string> {
    // Never one that another node has had: somewhere a vote of that one may still count (thesis, section 3.8).
    const known = [...this.host.nodes, ...this.host.former].map(Number);
    this.#highest = Math.max(this.#highest, ...known) + 1;
    const name = String(this.#highest);
    await this.host.add(name);
    this.noteAdded(name);
    return name;
  }

  /** A change of members may have been broken off when the cluster last ended: nodes that no voter is left with go. */
  async #finishChanges(): Promise<void> {
    if (!this.#protocol.changesMembers) return;
    const { members } = (await this.#reign()) ?? {};
    if (members === undefined) return;
    const isWhole = !members.changing && members.learners.length === 0;
    if (!isWhole) await this.#membership.set((voters) => voters, CHANGE_TIMEOUT_MS);
    const { voters } = (await this.#reign())?.members ?? members;
    for (const name of this.host.nodes) if (!voters.includes(name)) await this.forget(name);
  }

  #assertChangesMembers(what: string): void {
    if (this.isClosed) throw new ClosedError(what);
    if (this.#protocol.changesMembers) return;
    throw new UnsupportedError(what, this.protocol, 'its nodes are those that it was founded with');
  }

  async #within(timeoutMs: number, work: Promise<void>): Promise<void> {
    if (!Number.isFinite(timeoutMs)) return work;
    let cancel = () => {};
    const late = new Promise<never>((_, reject) => {
      cancel = this.host.clock.after(timeoutMs, () =>
        reject(new NoQuorumError('opening a session', timeoutMs, this.#quorum.mute)),
      );
    });
    try {
      await Promise.race([work, late]);
    } finally {
      cancel();
    }
  }
}
