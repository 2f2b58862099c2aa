import { SynodError } from '../../actors/errors.ts';
import { chatService } from '../applications/chat-service.ts';
import { chatroom } from '../applications/chatroom.ts';
import { kv } from '../applications/kv.ts';
import type { ChatServiceClient } from '../chat-service.ts';
import { openChatroom } from '../chatroom.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { createCluster } from '../cluster/create-cluster.ts';
import type { ProtocolName } from '../cluster/protocols.ts';
import { type KeyValueStore, openKeyValueStore } from '../key-value-store.ts';
import type { ChatMember, ChatSystem, OpenChatSystem } from './chat-system.ts';
import { type ScriptStore, unreachable } from './shared-commands.ts';
import { storageOf } from './storage.ts';

/** Starts real clusters for scripts, with every application on them. */
export function openChatCluster(protocol: ProtocolName): OpenChatSystem {
  return async ({ servers, warn, ...place }) => {
    const cluster = await createCluster({
      protocol,
      nodes: servers,
      application: [chatroom, kv, chatService],
      ...storageOf(place),
      onNodeEnded: (_node, error) => {
        if (error !== undefined) warn(error);
      },
    });
    return new ClusterSystem(cluster);
  };
}

class ClusterSystem implements ChatSystem {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  async join(sender: string): Promise<ChatMember> {
    const client = await this.#cluster.client();
    return {
      room: openChatroom(this.#cluster, client, sender),
      store: scriptStore(openKeyValueStore(client)),
    };
  }

  client(): Promise<ChatServiceClient> {
    return this.#cluster.client();
  }

  crash(server: number): Promise<void> {
    return this.#cluster.crash(server);
  }

  restart(server: number): Promise<void> {
    return this.#cluster.restart(server);
  }

  disconnect(serverA: number, serverB: number): Promise<void> {
    return this.#cluster.disconnect(serverA, serverB);
  }

  connect(serverA: number, serverB: number): Promise<void> {
    return this.#cluster.connect(serverA, serverB);
  }

  async crashLeaderAfter(messages: number): Promise<void> {
    try {
      await this.#cluster.crashLeaderAfter(messages);
    } catch (error) {
      if (!isUnreachable(error)) throw error;
    }
  }

  hasQuorum(): boolean {
    return this.#cluster.hasQuorum();
  }

  settled(): Promise<void> {
    return this.#cluster.settled();
  }

  async describe(): Promise<string> {
    const { leader, nodes, cut } = await this.#cluster.status();
    const up = nodes.filter((node) => node.up).map(({ node, applied }) => `${node}@${applied ?? '?'}`);
    const links = cut.map(([a, b]) => `${a}-${b}`);
    const parts = [leader === undefined ? 'no leader' : `${leader} leads`, `up ${up.join(' ')}`];
    if (links.length > 0) parts.push(`cut ${links.join(' ')}`);
    return parts.join(', ');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#cluster[Symbol.asyncDispose]();
  }
}

function scriptStore(store: KeyValueStore): ScriptStore {
  return {
    async get(key) {
      const value = await reaching(store.get(key));
      return value instanceof Uint8Array ? Buffer.from(value).toString() : value;
    },
    put: (key, value) => reaching(store.put(key, value).then(() => undefined)),
    delete: (key) => reaching(store.delete(key).then(() => undefined)),
  };
}

async function reaching<Value>(work: Promise<Value>): Promise<Value | typeof unreachable> {
  try {
    return await work;
  } catch (error) {
    if (isUnreachable(error)) return unreachable;
    throw error;
  }
}

function isUnreachable(error: unknown): boolean {
  return error instanceof SynodError && (error.code === 'SYNOD_NO_QUORUM' || error.code === 'SYNOD_TIMEOUT');
}
