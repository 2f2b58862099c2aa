import type { Address } from './address.ts';

/** Enough of an actor to draw it; what XState's inspector reads of an actor reference. */
export interface InspectedActor {
  readonly sessionId: Address;
  /** The key of one among many, else the role. */
  readonly id: string;
  /** The role. */
  readonly src: string;
  readonly node: string;
}

/** What an actor knew: its state value and a shallow, plain copy of its context. */
export interface InspectedSnapshot {
  readonly status: string;
  readonly value: unknown;
  readonly context: unknown;
}

/** Inspection events in the shapes of XState's `inspect`, as plain data that can cross threads. */
export type InspectionEvent = {
  readonly rootId: string;
  readonly actorRef: InspectedActor;
} & (
  | { readonly type: '@xstate.actor' }
  | {
      readonly type: '@xstate.event';
      readonly sourceRef: { readonly sessionId: Address } | undefined;
      readonly event: { readonly type: string };
    }
  | {
      readonly type: '@xstate.snapshot';
      readonly event: { readonly type: string };
      readonly snapshot: InspectedSnapshot;
    }
  | {
      readonly type: '@xstate.microstep';
      readonly event: { readonly type: string };
      readonly snapshot: InspectedSnapshot;
      readonly _transitions: readonly { readonly eventType: string; readonly target: readonly string[] }[];
    }
  | {
      readonly type: '@xstate.action';
      readonly action: { readonly type: string; readonly params: unknown };
    }
);

/** A plain, bounded copy of anything: binaries and long lists by their size, functions left out. */
export function inspectable(value: unknown, depth = 3): unknown {
  if (typeof value === 'function') return undefined;
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return `${value.byteLength} bytes`;
  if (value instanceof Map)
    return depth > 0 && value.size <= 32
      ? inspectable(Object.fromEntries(value), depth)
      : `Map(${value.size})`;
  if (value instanceof Set)
    return depth > 0 && value.size <= 32
      ? [...value].map((item) => inspectable(item, depth - 1))
      : `Set(${value.size})`;
  if (Array.isArray(value)) {
    return depth > 0 && value.length <= 32
      ? value.map((item) => inspectable(item, depth - 1))
      : `Array(${value.length})`;
  }
  if (depth <= 0) return '…';
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inspectable(item, depth - 1)]));
}
