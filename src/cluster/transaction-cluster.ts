import type { Host } from '../../actors/host.ts';
import { majorityOf } from '../../machines/replication/batch.ts';
import { PARTICIPANT, type RecordLine } from '../../machines/two-phase-commit/client-messages.ts';
import type { Value } from '../../machines/two-phase-commit/transaction.ts';
import type { ClientOptions } from '../client/client.ts';
import { TransactionClient } from '../client/transaction-client.ts';
import { BadOptionError, NoLeaderError, TimeoutError } from '../errors.ts';
import type { ChangeOptions } from './cluster.ts';
import { type ClusterEvents, NodeGroup } from './node-group.ts';
import type { TransactionMessageType } from './transaction-messages.ts';
import { TransactionObserver } from './transaction-observer.ts';
import { RestWatch, replicatedRestOf, restOf } from './transaction-rest.ts';
import { type TransactionClusterStatus, transactionStatusOf } from './transaction-status.ts';

/** A newcomer may have much to learn. */
const CHANGE_TIMEOUT_MS = 60_000;

export const COORDINATOR_KINDS = ['single', 'replicated'] as const;
/** Who decides: node 0, or whichever node leads (Paxos Commit). */
export type CoordinatorKind = (typeof COORDINATOR_KINDS)[number];

/**
 * A key-value store whose every transaction happens on all followers or on none: node 0 leads, the others follow, each
 * with the whole store. Make one by `createCluster({ protocol: '2pc', ... })`; `await using` (or
 * `cluster[Symbol.asyncDispose]()`) ends its threads and lets go of its files.
 */
export class TransactionCluster extends NodeGroup {
  readonly protocol = '2pc';
  readonly coordinator: CoordinatorKind;
  readonly #leader: string;
  readonly #observer: TransactionObserver;
  /** The highest number that was given to a node. */
  #highest = 0;

  /** Use `createCluster`, which also starts the nodes. */
  constructor(
    host: Host,
    events: ClusterEvents = {},
    afterwards?: () => Promise<void>,
    coordinator: CoordinatorKind = 'single',
  ) {
    super(host, PARTICIPANT, events, afterwards);
    this.#leader = host.nodes[0]!;
    this.coordinator = coordinator;
    this.#observer = new TransactionObserver(this.gateway, this.#leader, this.#isReplicated);
  }

  /** Starts all nodes. Resolves when they can take transactions. @throws the reason when one cannot start. */
  async start(): Promise<void> {
    await this.host.open();
    await this.host.start(this.host.nodes);
    for (const name of this.host.nodes) this.noteStarted(name);
    const { nodes } = this.host;
    await this.until(async () => {
      const { coordinator, participants } = await this.#observer.observe(nodes);
      return coordinator !== undefined && participants.size === nodes.length - 1;
    });
  }

  /** Makes a client. */
  async client(options: ClientOptions = {}): Promise<TransactionClient> {
    return this.admitClient(
      (name, closed) =>
        new TransactionClient(name, this.gateway, {
          ...options,
          leaders: this.#isReplicated ? this.host.nodes : [this.#leader],
          followers: () => this.#liveFollowers,
          closed,
        }),
    );
  }

  /**
   * Takes in a new follower while the cluster runs, and gives its number: it is taught what is committed, and then votes.
   * @throws TimeoutError, NoLeaderError: the node is there, and becomes a follower as soon as it can.
   * BadOptionError with a replicated coordinator, whose nodes stay as they are.
   */
  async addNode({ timeoutMs = CHANGE_TIMEOUT_MS }: ChangeOptions = {}): Promise<number> {
    if (this.#isReplicated) {
      const expected = "'single' to add nodes (those of a replicated coordinator stay as they are founded)";
      throw new BadOptionError('coordinator', this.coordinator, expected);
    }
    // Never one that another node has had.
    const known = [...this.host.nodes, ...this.host.former].map(Number);
    this.#highest = Math.max(this.#highest, ...known) + 1;
    const name = String(this.#highest);
    await this.host.add(name);
    this.noteAdded(name);
    const deadlineMs = this.host.clock.now() + timeoutMs;
    await this.until(async () => {
      if ((await this.#observer.coordinator())?.followers.includes(name)) return true;
      if (this.host.clock.now() < deadlineMs) return false;
      const what = `node ${name}, which asks to be a follower,`;
      throw this.topology.isUp(this.#leader)
        ? new TimeoutError(what, timeoutMs)
        : new NoLeaderError(what, this.#leader);
    });
    return Number(name);
  }

  /** Lets a node end itself just before it sends the next message of that type to another node. */
  crashBefore(node: number, message: TransactionMessageType): void {
    this.host.killAfter(this.nameOf(node), 0, [message]);
  }

  /** Lets a node end itself just after it has sent the next message of that type to one other node. */
  crashAfter(node: number, message: TransactionMessageType): void {
    this.host.killAfter(this.nameOf(node), 1, [message]);
  }

  /** Lets a follower vote no the next time that it is asked. Resolves when it knows. @throws TimeoutError. */
  async voteNo(follower: number): Promise<void> {
    await this.#order(follower, { type: 'voteNo' });
  }

  /** Lets a follower vote so many milliseconds later the next time that it is asked. Resolves when it knows. @throws TimeoutError. */
  async delayVote(follower: number, ms: number): Promise<void> {
    await this.#order(follower, { type: 'delayVote', ms });
  }

  /** All that is committed at a node, in order of keys; undefined when it does not answer. The leader has nothing. */
  async store(node: number): Promise<(readonly [key: string, value: Value])[] | undefined> {
    const name = this.nameOf(node);
    if (name === this.#leader) return this.isUp(node) ? [] : undefined;
    return this.#observer.store(name);
  }

  /** The records of a node's journal, as they are on disk, in order of transactions; undefined when it does not answer. */
  journal(node: number): Promise<RecordLine[] | undefined> {
    return this.#observer.journal(this.nameOf(node));
  }

  async status(): Promise<TransactionClusterStatus> {
    const reports = await this.#observer.observe(this.host.nodes);
    return transactionStatusOf(reports, reports.leader ?? this.#leader, this.topology);
  }

  /**
   * Resolves when no transaction is pending anywhere; or when nothing more can happen, for what is pending waits for nodes
   * that are down or cut off, and every live follower that is uncertain has asked everybody whom it hears.
   */
  async settled(): Promise<void> {
    const watch = new RestWatch();
    await this.until(async () => {
      const reports = await this.#observer.observe(this.host.nodes);
      const rest = this.#isReplicated
        ? replicatedRestOf(reports, this.#leader, this.topology)
        : restOf(reports, this.#leader, this.topology);
      return watch.look(rest, reports);
    });
  }

  /** Whether enough nodes live for a transaction to be decided; links apart. */
  canDecide(): boolean {
    if (!this.#isReplicated) return this.topology.isUp(this.#leader);
    const { nodes } = this.host;
    return nodes.filter((name) => this.topology.isUp(name)).length >= majorityOf(nodes.length);
  }

  /** Whether a live follower answers a read of the key now; false where all hold it for a transaction that is undecided. */
  canRead(key: string): Promise<boolean> {
    return this.#observer.canRead(key, this.#liveFollowers);
  }

  get #isReplicated(): boolean {
    return this.coordinator === 'replicated';
  }

  get #followers(): string[] {
    return this.host.nodes.filter((name) => name !== this.#leader);
  }

  get #liveFollowers(): string[] {
    return this.#followers.filter((name) => this.topology.isUp(name));
  }

  async #order(follower: number, order: Parameters<TransactionObserver['order']>[1]): Promise<void> {
    const name = this.nameOf(follower);
    if (!(await this.#observer.order(name, order))) throw new TimeoutError(`an order to node ${name}`, 1000);
  }
}
