import type { Message } from '../../actors/envelope.ts';
import type { Application } from '../../machines/replication/application.ts';
import type { Answers, Followed, ReplicaStatus, Reply } from '../../machines/replication/client-messages.ts';
import type { Unanswered } from '../errors.ts';
import type { Gateway, GatewayUser } from './gateway.ts';
import { LeaderChecks } from './leader-checks.ts';
import { Questions } from './questions.ts';
import { Session } from './session.ts';

/** How a client behaves. */
export interface ClientOptions {
  /** An operation or a question fails when no answer has come after this; 10,000 by default. */
  readonly timeoutMs?: number;
  /** Operations under way at most; more are refused with `SYNOD_OVERLOADED`. 65,536 by default. */
  readonly inFlightMax?: number;
}

/** What a client needs of its cluster. */
export interface ClientSurroundings {
  readonly unanswered: Unanswered;
  /** The client was disposed of. */
  readonly closed: () => void;
}

/** How a question is to be answered. */
export interface QueryOptions {
  readonly timeoutMs?: number;
  /**
   * `linearizable` (the default): reflects every operation that was completed, by anybody, before the question.
   * `stale`: from what one node has applied, however far behind it is.
   */
  readonly consistency?: 'linearizable' | 'stale';
  /** For a stale question: the node to ask. */
  readonly node?: number;
}

/** News of an application, as of its `version`-th operation. */
export interface News<Answer> {
  readonly answer: Answer;
  readonly version: number;
}

const TIMEOUT_MS = 10_000;
const IN_FLIGHT_MAX = 65_536;

/**
 * A client of a cluster, with a session: its operations are applied exactly once and in the order of its calls,
 * through every crash and change of leader. Make one by `cluster.client()`.
 */
export class Client implements AsyncDisposable {
  readonly name: string;
  readonly #gateway: Gateway;
  readonly #session: Session;
  readonly #questions: Questions;
  readonly #leaderChecks: LeaderChecks;
  readonly #timeoutMs: number;
  readonly #tellClosed: () => void;

  /** Use `cluster.client()`. */
  constructor(name: string, gateway: Gateway, options: ClientOptions & ClientSurroundings) {
    const { timeoutMs = TIMEOUT_MS, inFlightMax = IN_FLIGHT_MAX, unanswered, closed } = options;
    this.#tellClosed = closed;
    this.name = name;
    this.#gateway = gateway;
    this.#timeoutMs = timeoutMs;
    const user: GatewayUser = {
      receive: (message, node) => this.#receive(message, node),
      flush: (position) => {
        this.#session.flush(position);
        this.#questions.flush();
      },
      tick: (nowMs) => {
        const sessionWaits = this.#session.tick(nowMs);
        const checksWait = this.#leaderChecks.tick(nowMs);
        return this.#questions.tick(nowMs) || sessionWaits || checksWait;
      },
      nodeEnded: (node) => {
        this.#session.nodeEnded();
        this.#questions.nodeEnded(node);
      },
      get position() {
        return session.position;
      },
    };
    const session = new Session(name, gateway, user, inFlightMax, unanswered);
    this.#session = session;
    this.#questions = new Questions(name, gateway, unanswered);
    this.#leaderChecks = new LeaderChecks(name, gateway);
    gateway.join(name, user);
  }

  /** Operations that no answer has come for. */
  get inFlight(): number {
    return this.#session.inFlight;
  }

  /** Resolves when the cluster knows this client's session. */
  open(): Promise<void> {
    return this.#session.open();
  }

  /**
   * Has an operation applied, exactly once, and resolves with its result when that is durable on a majority.
   * @throws TimeoutError, NoQuorumError: it may have happened, and may happen yet; later operations of this
   *   client come after it. OverloadedError: it was not begun. RefusedError: the application said no.
   */
  execute<Operation, Result>(
    application: Pick<Application<Operation, Result>, 'name' | 'check'>,
    operation: Operation,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<Exclude<Result, { readonly refused: string }>> {
    // Not async, here and in `query`: the promise of an async function, beside that of the session, is a tenth of what
    // an operation costs its client.
    try {
      application.check?.(operation);
    } catch (error) {
      return Promise.reject(error);
    }
    const result = this.#session.execute(application.name, operation, options.timeoutMs ?? this.#timeoutMs);
    // The application's own result, through msgpack and back.
    return result as Promise<Exclude<Result, { readonly refused: string }>>;
  }

  /** Asks an application. @throws TimeoutError, NoQuorumError; RefusedError when the question makes no sense. */
  query<Query, Answer>(
    application: { readonly name: string; query(query: Query, ...rest: never): Answer },
    query: Query,
    { timeoutMs = this.#timeoutMs, consistency = 'linearizable', node }: QueryOptions = {},
  ): Promise<Exclude<Answer, { readonly refused: string }>> {
    const answer =
      consistency === 'linearizable'
        ? this.#questions.askLinearizable(application.name, query, timeoutMs)
        : this.#questions.askStale(application.name, query, timeoutMs, node?.toString());
    return answer as Promise<Exclude<Answer, { readonly refused: string }>>;
  }

  /**
   * Asks one node for an answer as soon as the application has applied more than `newerThan` operations there.
   * Undefined when the node is down or ends. Ask again with the `version` of the answer to follow what happens.
   */
  async follow<Query, Answer>(
    application: { readonly name: string; query(query: Query, ...rest: never): Answer },
    query: Query,
    newerThan: number,
    node: number,
  ): Promise<News<Exclude<Answer, { readonly refused: string }>> | undefined> {
    const news = await this.#questions.follow(application.name, query, newerThan, String(node));
    return news as News<Exclude<Answer, { readonly refused: string }>> | undefined;
  }

  /** Asks one node whether it leads, as far as it knows. @throws TimeoutError when it does not say. */
  leads(
    node: number,
    { timeoutMs = this.#timeoutMs }: { readonly timeoutMs?: number } = {},
  ): Promise<boolean> {
    return this.#leaderChecks.ask(String(node), timeoutMs);
  }

  /** Resolves when none of this client's operations is under way. */
  idle(): Promise<void> {
    return this.#session.idle();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#gateway.leave(this.name);
    this.#tellClosed();
    this.#session.close();
    this.#questions.close();
    this.#leaderChecks.close();
  }

  #receive(message: Message, node: string): void {
    switch (message.type) {
      case 'reply':
        this.#session.receiveReply(message as Reply);
        return;
      case 'refused':
        this.#session.receiveRefusal();
        return;
      case 'answers':
        this.#questions.receiveAnswers(message as Answers, node);
        return;
      case 'followed':
        this.#questions.receiveNews(message as Followed);
        return;
      case 'replicaStatus':
        this.#leaderChecks.receive(message as ReplicaStatus, node);
        return;
      default:
    }
  }
}
