import {
  type ChatEntry,
  type ChatPage,
  chatOperation,
  chatQuery,
  chatroom,
} from './applications/chatroom.ts';
import type { Client } from './client/client.ts';
import type { Cluster } from './cluster/cluster.ts';

/** A member's view of a replicated chat room: one log of messages, the same for all. */
export interface Chatroom extends AsyncDisposable {
  /**
   * Says something. Resolves with its slot in the log once it is chosen; with no majority it waits for one. A
   * member's messages keep their order.
   */
  send(text: string): Promise<number>;
  /** Leaves the next `count` slots of the log without a message; resolves with the first of them. */
  skip(count?: number): Promise<number>;
  /** The member's own copy of the log, in order of slots; it follows the nodes by itself. */
  log(): readonly ChatEntry[];
  /** How many slots the own copy covers, those without a message included. */
  readonly length: number;
  /** Resolves when the own copy covers that many. */
  caughtUp(length: number): Promise<void>;
  /** How many slots the log has, by the most recent node that answers of those that live. */
  latestLength(): Promise<number>;
}

/** Enters the chat room of a cluster that carries the application `chatroom`. */
export function openChatroom(cluster: Cluster, client: Client, sender: string): Chatroom {
  return new Member(cluster, client, sender);
}

class Member implements Chatroom {
  readonly #cluster: Cluster;
  readonly #client: Client;
  readonly #sender: string;
  readonly #entries: ChatEntry[] = [];
  #length = 0;
  #closed = false;
  readonly #stopListening: () => void;
  #waiters: { readonly length: number; readonly resolve: () => void }[] = [];

  constructor(cluster: Cluster, client: Client, sender: string) {
    this.#cluster = cluster;
    this.#client = client;
    this.#sender = sender;
    // From every node: whichever lives and knows more brings the news.
    for (const node of cluster.nodes) void this.#follow(node);
    this.#stopListening = cluster.onNodeAdded((node) => void this.#follow(node));
  }

  get length(): number {
    return this.#length;
  }

  async send(text: string): Promise<number> {
    return this.#client.execute(chatroom, chatOperation.send(this.#sender, text), {
      timeoutMs: Number.POSITIVE_INFINITY,
    });
  }

  async skip(count = 1): Promise<number> {
    return this.#client.execute(chatroom, chatOperation.skip(count), { timeoutMs: Number.POSITIVE_INFINITY });
  }

  log(): readonly ChatEntry[] {
    return this.#entries;
  }

  caughtUp(length: number): Promise<void> {
    if (this.#length >= length) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ length, resolve }));
  }

  async latestLength(): Promise<number> {
    const pages = await Promise.all(
      this.#cluster.nodes
        .filter((node) => this.#cluster.isUp(node))
        .map((node) =>
          // A node that has not caught up yet does not answer; it knows nothing that the others do not.
          this.#client
            .query(chatroom, chatQuery.log(this.#length, 1), { consistency: 'stale', node, timeoutMs: 250 })
            .then(
              ({ length }) => length,
              () => 0,
            ),
        ),
    );
    return Math.max(this.#length, ...pages);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#stopListening();
    for (const { resolve } of this.#waiters.splice(0)) resolve();
  }

  async #follow(node: number): Promise<void> {
    for (let version = 0; !this.#closed; ) {
      if (!(await this.#cluster.whenUp(node))) return;
      const news = await this.#client.follow(chatroom, chatQuery.log(this.#length), version, node);
      if (news === undefined) continue;
      this.#take(news.answer);
      // A page that is not the last: ask on without waiting for news.
      version = news.answer.next < news.answer.length ? version : news.version;
    }
  }

  #take({ entries, next }: ChatPage): void {
    for (const entry of entries) if (entry.slot >= this.#length) this.#entries.push(entry);
    this.#length = Math.max(this.#length, next);
    const due = this.#waiters.filter(({ length }) => length <= this.#length);
    this.#waiters = this.#waiters.filter(({ length }) => length > this.#length);
    for (const { resolve } of due) resolve();
  }
}
