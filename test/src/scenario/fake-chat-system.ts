import { MemoryJournal } from '../../../actors/memory-journal.ts';
import { ApplicationStore } from '../../../machines/replication/application-store.ts';
import {
  type ChatServiceOperation,
  type ChatServiceQuery,
  chatService,
} from '../../../src/applications/chat-service.ts';
import type { ChatEntry } from '../../../src/applications/chatroom.ts';
import type { ChatServiceClient } from '../../../src/chat-service.ts';
import type { ChatMember, ChatSystem } from '../../../src/scenario/chat-system.ts';
import { unreachable } from '../../../src/scenario/shared-commands.ts';

/**
 * A chat room without any replication: what is sent is placed some turns of the event loop later, when a majority
 * of its pretended servers is up. It notes every call, so that tests see what the runner asks for and when.
 */
export class FakeChatSystem implements ChatSystem {
  readonly calls: string[] = [];
  readonly up: boolean[];
  disposed = false;
  /** Places of the room; undefined was skipped. */
  readonly room: (ChatEntry | undefined)[] = [];
  readonly #accounts = new ApplicationStore(new MemoryJournal(), 0, chatService.name);
  #waiting: (() => void)[] = [];

  constructor(servers: number) {
    this.up = Array<boolean>(servers).fill(true);
  }

  async join(sender: string): Promise<ChatMember> {
    let known = 0;
    const values = new Map<string, string>();
    const reach = <Value>(value: () => Value) => (this.hasQuorum() ? value() : unreachable);
    const { room } = this;
    return {
      room: {
        send: (text) => {
          this.calls.push(`send ${sender} ${text}`);
          return this.#place(1, (slot) => ({ slot, sender, text }));
        },
        skip: (count = 1) => this.#place(count, () => undefined),
        log: () => room.slice(0, known).filter((line) => line !== undefined),
        get length() {
          return known;
        },
        caughtUp: async (length) => {
          await later();
          known = Math.max(known, length);
        },
        latestLength: async () => {
          known = room.length;
          return room.length;
        },
      },
      store: {
        get: async (key) => reach(() => values.get(key)),
        put: async (key, value) => reach(() => void values.set(key, value)),
        delete: async (key) => reach(() => void values.delete(key)),
      },
    };
  }

  async client(): Promise<ChatServiceClient> {
    this.calls.push('client');
    const state = this.#accounts;
    return {
      execute: async (_application, operation) => {
        this.calls.push(`execute at ${this.room.length}`);
        const result: unknown = chatService.apply(operation as unknown as ChatServiceOperation, state);
        return result as never;
      },
      query: async (_application, query) => {
        const answer: unknown = chatService.query(query as unknown as ChatServiceQuery, state.reader);
        return answer as never;
      },
    };
  }

  async crash(server: number): Promise<void> {
    this.calls.push(`crash ${server} at ${this.room.length}`);
    this.up[server] = false;
  }

  async restart(server: number): Promise<void> {
    this.calls.push(`restart ${server} at ${this.room.length}`);
    this.up[server] = true;
    for (const place of this.#waiting.splice(0)) place();
  }

  async disconnect(a: number, b: number): Promise<void> {
    this.calls.push(`disconnect ${a} ${b}`);
  }

  async connect(a: number, b: number): Promise<void> {
    this.calls.push(`connect ${a} ${b}`);
  }

  async crashLeaderAfter(messages: number): Promise<void> {
    this.calls.push(`bomb ${messages} at ${this.room.length}`);
  }

  hasQuorum(): boolean {
    return this.up.filter(Boolean).length * 2 > this.up.length;
  }

  async settled(): Promise<void> {
    this.calls.push('settled');
  }

  async describe(): Promise<string> {
    return `${this.up.filter(Boolean).length} up`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disposed = true;
  }

  async #place(count: number, line: (slot: number) => ChatEntry | undefined): Promise<number> {
    await later();
    if (!this.hasQuorum()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const first = this.room.length;
    for (let slot = first; slot < first + count; slot++) this.room.push(line(slot));
    return first;
  }
}

function later(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
