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
export type { EventualClient } from './client/eventual-client.ts';
export type { StoreValue } from './client/store-value.ts';
export type {
  AbortReason,
  Transaction,
  TransactionOptions,
  TransactionOutcome,
} from './client/transaction.ts';
export type { TransactionClient } from './client/transaction-client.ts';
export type { Cluster } from './cluster/cluster.ts';
export type { ClusterStatus, NodeStatus } from './cluster/cluster-status.ts';
export { type CreateClusterOptions, createCluster } from './cluster/create-cluster.ts';
export type { CreateEventualClusterOptions } from './cluster/create-eventual-cluster.ts';
export type { CreateTransactionClusterOptions } from './cluster/create-transaction-cluster.ts';
export type {
  EventualClientOptions,
  EventualCluster,
  EventualClusterEvents,
  EventualClusterStatus,
  EventualNodeStatus,
} from './cluster/eventual-cluster.ts';
export type { ClusterEvents, LinkEndpoint, LinkOptions } from './cluster/node-group.ts';
export type { ProtocolName } from './cluster/protocols.ts';
export type { TransactionCluster } from './cluster/transaction-cluster.ts';
export type { TransactionMessageType } from './cluster/transaction-messages.ts';
export type { TransactionClusterStatus, TransactionNodeStatus } from './cluster/transaction-status.ts';
export * from './errors.ts';
export { type KeyValueStore, openKeyValueStore } from './key-value-store.ts';
