import type { LinkQuality } from '../host.ts';
import type { NetworkSettings } from './settings.ts';

/** One thing that happened in a simulation. The same seed gives the same records, byte for byte as JSON. */
export type TraceRecord = { readonly atMs: number } & TraceEvent;

/** Why a frame did not arrive: chance, a cut link, or a receiver that does not run. */
export type DropReason = 'lost' | 'cut' | 'down';

/** What happened to a frame. */
export type FrameEvent =
  | { readonly event: 'deliver' }
  | { readonly event: 'drop'; readonly reason: DropReason }
  /** A second copy is on its way. */
  | { readonly event: 'duplicate' }
  /** It is held up, those behind it may overtake. */
  | { readonly event: 'reorder' };

/** A frame; `messages` are the types of its messages, `checksum` tells its bytes apart. */
export interface TracedFrame {
  readonly from: string;
  readonly to: string;
  readonly sentMs: number;
  readonly bytes: number;
  readonly checksum: number;
  readonly messages: readonly string[];
}

/** Why a node ended: told to; by a countdown of messages; in the middle of a turn; or by what it threw. */
export type EndReason = 'killed' | 'countdown' | 'interrupted' | 'failed';

/** What keeps a node's journal, and its store. */
export type DiskName = 'journal' | 'store';

/** How a node begins and ends. */
export type LifeEvent =
  | { readonly event: 'start'; readonly node: string; readonly life: number }
  /** `lost` transactions were not on disk; `kept` were, though the node had not been told. */
  | {
      readonly event: 'crash';
      readonly node: string;
      readonly life: number;
      readonly reason: EndReason;
      readonly lost: number;
      readonly kept: number;
    }
  /** A node was added, or (`present` is false) removed. */
  | { readonly event: 'member'; readonly node: string; readonly present: boolean };

export type TraceEvent =
  | (FrameEvent & TracedFrame)
  | { readonly event: 'turn'; readonly node: string }
  /** A node's timer or a client's (`node` is then `clients`) is due. */
  | { readonly event: 'timer'; readonly node: string }
  /** A flush has ended; `transactions` are on disk now. */
  | { readonly event: 'flush'; readonly node: string; readonly transactions: number }
  | LifeEvent
  /** From now on its turns take up to `turnMsMax`, and its flushes up to `flushMsMax`. */
  | {
      readonly event: 'pace';
      readonly node: string;
      readonly turnMsMax: number;
      readonly flushMsMax: number;
    }
  /** It does nothing for so long. */
  | { readonly event: 'pause'; readonly node: string; readonly ms: number }
  /** Of a node's disk a record has rotted, or all is lost, or a transaction was found half written. */
  | {
      readonly event: 'damage';
      readonly node: string;
      readonly disk: DiskName;
      readonly how: 'rot' | 'lost' | 'torn';
    }
  /** How the network treats frames from now on; what is not named stays. */
  | { readonly event: 'network'; readonly changes: Partial<NetworkSettings> }
  | { readonly event: 'link'; readonly from: string; readonly to: string; readonly connected: boolean }
  /** One direction of a link is worse than the network from now on; by nothing, it is as good again. */
  | ({ readonly event: 'degrade'; readonly from: string; readonly to: string } & LinkQuality);
