import type { Batch } from './batch.ts';

/** Chunks of commands that wait at a leader for a place in the log. */
export interface Pending {
  chunks: Uint8Array[];
  bytes: number;
}

/** How much may wait, and how much of it shares a place. */
export interface PendingSettings {
  /** Bytes of commands that wait at the leader for a slot; more are refused. */
  readonly pendingBytesMax: number;
  /** Bytes of the commands in one slot, unless one chunk alone is larger. */
  readonly slotBytesMax: number;
}

export function nothingPending(): Pending {
  return { chunks: [], bytes: 0 };
}

/** Adds a chunk to what waits; false when too much waits already. */
export function enqueue(pending: Pending, chunk: Uint8Array, settings: PendingSettings): boolean {
  if (pending.bytes > 0 && pending.bytes + chunk.byteLength > settings.pendingBytesMax) return false;
  pending.chunks.push(chunk);
  pending.bytes += chunk.byteLength;
  return true;
}

/** Takes what shares the next place, in order; undefined when nothing waits. */
export function takeBatch(pending: Pending, settings: PendingSettings): Batch | undefined {
  let count = 0;
  let bytes = 0;
  for (const chunk of pending.chunks) {
    if (count > 0 && bytes + chunk.byteLength > settings.slotBytesMax) break;
    count += 1;
    bytes += chunk.byteLength;
  }
  if (count === 0) return undefined;
  pending.bytes -= bytes;
  return pending.chunks.splice(0, count);
}
