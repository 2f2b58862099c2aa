import type { Address } from './address.ts';
import type { Message } from './envelope.ts';
import type { JournalWrite } from './journal.ts';

/**
 * What a role asks of the world, as data. A named action of a role is a function of `{ context, event }`
 * that returns effects; the node carries them out in the order of a turn. Under plain XState the same
 * action does nothing, so a role can be loaded, drawn and stepped without a node.
 */
export type Effect =
  | { readonly effect: 'send'; readonly to: Address; readonly message: Message; readonly when: Departure }
  | { readonly effect: 'persist'; readonly writes: readonly JournalWrite[] }
  | { readonly effect: 'persistBehind'; readonly writes: readonly JournalWrite[]; readonly token: number }
  | { readonly effect: 'spawn'; readonly role: string; readonly key: string; readonly input: unknown }
  | { readonly effect: 'stop'; readonly role: string; readonly key: string }
  | { readonly effect: 'warn'; readonly error: Error };

/**
 * When a message leaves the node: when all that its turn persists is durable; then, but with whatever goes to the same
 * node next; or early, when the turn's actors have run.
 */
export type Departure = 'durable' | 'lazy' | 'early';

/** What a named action may return. */
export type Effects = Effect | readonly Effect[] | undefined;

/** Sends a message. It leaves the node when everything that this turn persists is on disk. */
export function send<M extends Message>(to: Address, message: M): Effect {
  return { effect: 'send', to, message, when: 'durable' };
}

/**
 * Sends a message that is in no hurry: once durable, it travels with the next frame to that node, or alone after
 * `lingerMs`. It spares the other node a turn.
 */
export function sendLazily<M extends Message>(to: Address, message: M): Effect {
  return { effect: 'send', to, message, when: 'lazy' };
}

/**
 * Sends a message that says nothing of the disk, so it need not wait for it: it leaves when the turn's actors
 * have run. Give the reason where you call it. Never for a promise, a vote, a decision or a commit index.
 */
export function sendEarly<M extends Message>(to: Address, message: M): Effect {
  return { effect: 'send', to, message, when: 'early' };
}

/** Writes records to the node's journal, in one transaction with all else that the turn persists. */
export function persist(...writes: readonly JournalWrite[]): Effect {
  return { effect: 'persist', writes };
}

/**
 * Writes records to the node's store, in a transaction of their own that nothing waits for; the actor receives
 * {@link PersistedEvent} with the same token once they are on disk. The store's transactions reach the disk in order.
 */
export function persistBehind(token: number, writes: readonly JournalWrite[]): Effect {
  return { effect: 'persistBehind', writes, token };
}

/** Starts a child actor `node/role/key`. When it ends, its parent receives {@link DoneEvent} and it is gone. */
export function spawn(role: string, key: string, input: unknown): Effect {
  return { effect: 'spawn', role, key, input };
}

/** Ends a child actor without an outcome. */
export function stop(role: string, key: string): Effect {
  return { effect: 'stop', role, key };
}

/** Reports something that was refused and put right, for the log. */
export function warn(error: Error): Effect {
  return { effect: 'warn', error };
}

/** A child has reached a final state. */
export interface DoneEvent<Output = unknown> {
  readonly type: 'done';
  readonly from: Address;
  readonly output: Output;
}

/** The records of a {@link persistBehind} are on disk. */
export interface PersistedEvent {
  readonly type: 'persisted';
  readonly token: number;
}
