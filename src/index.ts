/**
 * Synod: replicated applications on worker threads.
 *
 * ```ts
 * import { createCluster, kv, openKeyValueStore } from 'synod';
 *
 * await using cluster = await createCluster({ protocol: 'paxos', nodes: 3, application: kv, dataDir: './data' });
 * const store = openKeyValueStore(await cluster.client());
 * await store.put('greeting', 'hello');
 * ```
 */
export { SynodError } from '../actors/errors.ts';
export type { InspectionEvent } from '../actors/inspection.ts';
export type {
  Application,
  ApplicationState,
  ReadableState,
} from '../machines/replication/application.ts';
export { chatService } from './applications/chat-service.ts';
export { ChatStatus } from './applications/chat-status.ts';
export { chatroom } from './applications/chatroom.ts';
export { kv } from './applications/kv.ts';
export {
  type ChatMessage,
  type ChatService,
  type ChatServiceOptions,
  openChatService,
} from './chat-service.ts';
export { type Chatroom, openChatroom } from './chatroom.ts';
export type { Client, ClientOptions, QueryOptions } from './client/client.ts';
export type { Cluster } from './cluster/cluster.ts';
export type { ClusterStatus, NodeStatus } from './cluster/cluster-status.ts';
export { type CreateClusterOptions, createCluster } from './cluster/create-cluster.ts';
export type { ClusterEvents } from './cluster/node-group.ts';
export type { ProtocolName } from './cluster/protocols.ts';
export * from './errors.ts';
export { type KeyValueStore, openKeyValueStore } from './key-value-store.ts';
