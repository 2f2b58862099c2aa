import { type Address, addressOf } from '../../actors/address.ts';
import type { Received } from '../../actors/envelope.ts';
import type { ReplicaContext, ReplicaEvent } from '../replication/replica-context.ts';
import type { ReplicatedState } from '../replication/replicated-state.ts';
import type { DecisionLog } from './decisions.ts';
import type { PaxosReplicaMessage, Progress } from './messages.ts';
import type { Slot } from './pvalue.ts';
import type { PaxosSettings } from './settings.ts';

export interface ReplicaInput {
  readonly node: string;
  readonly nodes: readonly string[];
  readonly settings: PaxosSettings;
  readonly state: ReplicatedState;
}

export interface PaxosReplicaContext extends ReplicaContext {
  readonly nodes: readonly string[];
  readonly settings: PaxosSettings;
  readonly log: DecisionLog;
  /** How far the other replicas said that they are. */
  readonly peers: Map<string, Pick<Progress, 'applied' | 'durable'>>;
  /** Those that said so since this replica started. */
  readonly heard: Set<string>;
  /** Those that did since this replica last told its own progress. */
  readonly heardLately: Set<string>;
  /** Slots below are applied durably by a majority. */
  floor: Slot;
  /** The node that was last asked for decisions. */
  askedLast: string | undefined;
}

export type PaxosReplicaEvent = ReplicaEvent | Received<PaxosReplicaMessage>;
export interface Arguments {
  readonly context: PaxosReplicaContext;
  readonly event: PaxosReplicaEvent;
}
export type OnlyContext = Pick<Arguments, 'context'>;

/** Whether decisions are known, or known to be applied elsewhere, that this replica has not applied. */
export function isBehind({ log, state, peers }: PaxosReplicaContext): boolean {
  if (log.highest > state.applied) return true;
  for (const { applied } of peers.values()) if (applied > state.applied) return true;
  return false;
}

/** The other nodes' replicas. */
export function otherReplicas({ node, nodes }: PaxosReplicaContext): Address[] {
  return nodes.filter((other) => other !== node).map((other) => addressOf(other, 'replica'));
}
