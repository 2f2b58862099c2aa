import type { At, DiskName, NodeEvent } from '../trace.ts';
import type { NetworkSettings } from './settings.ts';

/** One thing that happened in a simulation. The same seed gives the same records, byte for byte as JSON. */
export type TraceRecord = At<TraceEvent>;

/** How a node begins and ends, with all that is known of it in a simulation. */
export type LifeEvent = Required<Extract<NodeEvent, { readonly event: 'start' | 'crash' | 'member' }>>;

export type TraceEvent =
  | NodeEvent
  /** A node's timer or a client's (`node` is then `clients`) is due. */
  | { readonly event: 'timer'; readonly node: string }
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
  | { readonly event: 'network'; readonly changes: Partial<NetworkSettings> };
