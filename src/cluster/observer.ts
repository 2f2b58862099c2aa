import type { Message } from '../../actors/envelope.ts';
import type {
  LeaderStatus,
  ReplicaStatus,
  StatusRequest,
} from '../../machines/replication/client-messages.ts';
import type { Gateway, GatewayUser } from '../client/gateway.ts';

/** What a node says of itself. */
export interface NodeReport {
  readonly node: string;
  readonly replica: ReplicaStatus;
  readonly leader: LeaderStatus;
}

const NAME = 'observer';
/** A node that has not said how it is by then is taken for one that cannot. */
const ANSWER_MS_MAX = 1000;

interface Round {
  readonly replicas: Map<string, ReplicaStatus>;
  readonly leaders: Map<string, LeaderStatus>;
  readonly asked: Set<string>;
  readonly deadlineMs: number;
  readonly resolve: (reports: NodeReport[]) => void;
}

/** Asks nodes how they are. */
export class Observer {
  readonly #gateway: Gateway;
  readonly #leaderRole: string;
  readonly #rounds = new Map<number, Round>();
  #nextId = 1;

  constructor(gateway: Gateway, leaderRole: string) {
    this.#gateway = gateway;
    this.#leaderRole = leaderRole;
    const user: GatewayUser = {
      position: 0,
      receive: (message, node) => this.#receive(message, node),
      flush: () => {},
      tick: (nowMs) => this.#tick(nowMs),
      nodeEnded: (node) => this.#nodeEnded(node),
    };
    gateway.join(NAME, user);
  }

  /** The reports of those of the nodes that answer. */
  observe(nodes: readonly string[]): Promise<NodeReport[]> {
    const up = nodes.filter((node) => this.#gateway.isUp(node));
    if (up.length === 0) return Promise.resolve([]);
    const id = this.#nextId++;
    return new Promise((resolve) => {
      const deadlineMs = this.#gateway.clock.now() + ANSWER_MS_MAX;
      this.#rounds.set(id, {
        replicas: new Map(),
        leaders: new Map(),
        asked: new Set(up),
        deadlineMs,
        resolve,
      });
      const message: StatusRequest = { type: 'status', id };
      for (const node of up) {
        this.#gateway.send(NAME, node, message);
        this.#gateway.send(NAME, node, message, this.#leaderRole);
      }
    });
  }

  /** Says something to the role that leads on a node. It may be lost. */
  tell(node: string, message: Message): void {
    this.#gateway.send(NAME, node, message, this.#leaderRole);
  }

  #receive(message: Message, node: string): void {
    if (message.type === 'replicaStatus') {
      const status = message as ReplicaStatus;
      this.#rounds.get(status.id)?.replicas.set(node, status);
      this.#finish(status.id);
    } else if (message.type === 'leaderStatus') {
      const status = message as LeaderStatus;
      this.#rounds.get(status.id)?.leaders.set(node, status);
      this.#finish(status.id);
    }
  }

  #nodeEnded(node: string): void {
    for (const [id, round] of this.#rounds) {
      round.asked.delete(node);
      this.#finish(id);
    }
  }

  #tick(nowMs: number): boolean {
    for (const [id, round] of this.#rounds) {
      if (round.deadlineMs <= nowMs) round.asked.clear();
      this.#finish(id);
    }
    return this.#rounds.size > 0;
  }

  #finish(id: number): void {
    const round = this.#rounds.get(id);
    if (round === undefined) return;
    const { replicas, leaders, asked } = round;
    for (const node of asked) if (!replicas.has(node) || !leaders.has(node)) return;
    this.#rounds.delete(id);
    const reports: NodeReport[] = [];
    for (const [node, replica] of replicas) {
      const leader = leaders.get(node);
      if (leader !== undefined) reports.push({ node, replica, leader });
    }
    round.resolve(reports);
  }
}
