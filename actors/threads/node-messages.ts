import type { MessagePort } from 'node:worker_threads';
import type { InspectionEvent } from '../inspection.ts';
import type { Memory } from '../memory.ts';
import type { ProgramReference } from '../program.ts';
import type { NodeTally } from '../tally.ts';
import type { At, NodeEvent } from '../trace.ts';
import type { PackedError } from './error-transfer.ts';
import type { LinkEnd } from './link.ts';
import type { PeerLink } from './link-table.ts';

/** Where a node's journal and its store are, and the ports to the disk threads that have opened them. */
export interface NodeDisks {
  readonly journalFolder: string;
  readonly journalDisk: MessagePort;
  readonly storeFolder: string;
  readonly storeDisk: MessagePort;
}

/** What a node's thread is started with. */
export interface NodeThreadTask {
  readonly name: string;
  readonly program: ProgramReference;
  /** Undefined: it keeps everything in its own memory. */
  readonly disks: NodeDisks | undefined;
  readonly memory: Memory;
  readonly seed: number;
  /** To the host: control, and frames for and from clients. */
  readonly host: LinkEnd;
  /** The links that are not whole, perhaps others. */
  readonly links: readonly PeerLink[];
  readonly inspecting: boolean;
  /** When the trace began, by the monotonic clock; undefined: nothing is traced. */
  readonly tracedFromMs: number | undefined;
}

/** What the host tells a node's thread. */
export type HostMessage =
  /** All have loaded: run. */
  | { readonly type: 'go' }
  /** A peer has a new life, and this is the link to it. */
  | { readonly type: 'peer'; readonly peer: string; readonly end: LinkEnd }
  | { readonly type: 'link'; readonly link: PeerLink; readonly request: number }
  | { readonly type: 'tally'; readonly request: number }
  | { readonly type: 'killAfter'; readonly count: number; readonly types: readonly string[] }
  | { readonly type: 'inspect'; readonly inspecting: boolean };

/** What a node's thread tells the host. */
export type NodeMessage =
  /** The very first thing: which thread it is. */
  | { readonly type: 'hello'; readonly threadId: number }
  /** Its files are open, or it has none: from now on its thread may end at any instruction. */
  | { readonly type: 'opened' }
  | { readonly type: 'loaded' }
  | { readonly type: 'running' }
  | { readonly type: 'linked'; readonly request: number }
  | { readonly type: 'tallied'; readonly request: number; readonly tally: NodeTally }
  | { readonly type: 'warning'; readonly error: PackedError }
  | { readonly type: 'inspection'; readonly event: InspectionEvent }
  | { readonly type: 'traced'; readonly records: readonly At<NodeEvent>[] }
  /** The node does nothing any more; its thread can go. */
  | { readonly type: 'failed'; readonly error: PackedError }
  /** The last envelope of a {@link Host.killAfter} has left; the thread ends itself. */
  | { readonly type: 'counted' };
