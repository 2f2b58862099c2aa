import type { Clock } from './clock.ts';
import type { InspectionEvent } from './inspection.ts';
import type { Journal } from './journal.ts';
import type { Random } from './random.ts';
import type { StateChange } from './trace.ts';

/**
 * Steps of a turn that have been done: its frames are taken; its actors have run; its transaction is handed to the disk,
 * and nothing of it has left; that is durable, and nothing is released.
 */
export const TURN_STEPS = ['taken', 'ran', 'committed', 'durable'] as const;
export type TurnStep = (typeof TURN_STEPS)[number];

/** All that a node meets of the outside: time, chance, the other nodes, its disk. On threads or simulated. */
export interface World {
  readonly clock: Clock;
  readonly random: Random;
  /** What must be durable before anything leaves that rests on it. */
  readonly journal: Journal;
  /** What is written behind, in large transactions that must not hold up the journal's small ones. */
  readonly store: Journal;
  /** Calls `turn` once, soon, after what is arriving right now has arrived. */
  requestTurn(turn: () => void): void;
  /** Hands a frame to the transport. It may be lost; it is never changed. */
  send(node: string, frame: Uint8Array<ArrayBuffer>): void;
  /** A step of a turn is done. A world that ends nodes between two steps throws. */
  readonly turnStep?: (step: TurnStep) => void;
  /** The node has failed and does nothing any more: tell whoever runs it. */
  failed(error: unknown): void;
  /** Something that was refused and put right, for the log: a frame that did not decode, a mailbox that was full. */
  warn(error: Error): void;
  /** Where inspection events go; undefined while nobody listens, which costs nothing. */
  readonly inspect: ((event: InspectionEvent) => void) | undefined;
  /** Hears of actors that are in another state; undefined while nothing is traced, which costs nothing. */
  readonly traceState?: ((change: StateChange) => void) | undefined;
}
