import type { Address } from './address.ts';
import type { LinkQuality } from './host.ts';

/*
 * What a trace tells of nodes, on threads or simulated. The records are plain data, as they stand in a file.
 */

/** Why a frame did not arrive: chance, a cut link, a receiver that does not run, or a link with no room. */
export type DropReason = 'lost' | 'cut' | 'down' | 'crowded';

/** A frame. */
export interface TracedFrame {
  /** The same where it is sent, and where it arrives or is dropped; a second copy has it, too. */
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly bytes: number;
  /** Tells its bytes apart; in a simulation. */
  readonly checksum?: number;
  /** The types of its messages. */
  readonly messages: readonly string[];
}

/** What happened to a frame. */
export type FrameEvent =
  | { readonly event: 'send' }
  | { readonly event: 'deliver' }
  | { readonly event: 'drop'; readonly reason: DropReason }
  /** A second copy is on its way. */
  | { readonly event: 'duplicate' }
  /** It is held up, those behind it may overtake. */
  | { readonly event: 'reorder' };

/** Why a node ended: told to; by a countdown of messages; in the middle of a turn; or by what it threw. */
export type EndReason = 'killed' | 'countdown' | 'interrupted' | 'failed';

/** What keeps a node's journal, and its store. */
export type DiskName = 'journal' | 'store';

/** An actor is in another state. */
export interface StateChange {
  readonly actor: Address;
  /** The type of the event that it took. */
  readonly on: string;
  /** Its state value; null: it has just begun. */
  readonly before: unknown;
  /** Null: it is gone. */
  readonly after: unknown;
}

/** What happens on nodes, and between them, in either world. */
export type NodeEvent =
  | (FrameEvent & TracedFrame)
  /** A node works; on threads the record comes at the end of the turn, which began at `sinceMs`. */
  | { readonly event: 'turn'; readonly node: string; readonly sinceMs?: number }
  /** A flush that began at `sinceMs` has ended; `transactions` are on disk now. */
  | {
      readonly event: 'flush';
      readonly node: string;
      readonly disk: DiskName;
      readonly transactions: number;
      readonly sinceMs: number;
    }
  | ({ readonly event: 'state'; readonly node: string } & StateChange)
  | { readonly event: 'start'; readonly node: string; readonly life: number }
  /**
   * `lost` transactions were not on disk; `kept` were, though the node had not been told. Of a node on threads nobody
   * knows.
   */
  | {
      readonly event: 'crash';
      readonly node: string;
      readonly life: number;
      readonly reason: EndReason;
      readonly lost?: number;
      readonly kept?: number;
    }
  /** A node was added, or (`present` is false) removed. */
  | { readonly event: 'member'; readonly node: string; readonly present: boolean }
  | { readonly event: 'link'; readonly from: string; readonly to: string; readonly connected: boolean }
  /** One direction of a link is worse than the network from now on; by nothing, it is as good again. */
  | ({ readonly event: 'degrade'; readonly from: string; readonly to: string } & LinkQuality);

/** One thing that happened, and when: in ms of virtual time, or since a trace on threads began. */
export type At<Event> = { readonly atMs: number } & Event;
