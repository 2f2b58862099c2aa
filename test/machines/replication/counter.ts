import type { Application } from '../../../machines/replication/application.ts';
import { encodeChunk } from '../../../machines/replication/command.ts';
import type { ReplicatedState } from '../../../machines/replication/replicated-state.ts';

/** Adds a number to a named counter and answers with the sum, which shows at once when one is applied twice or not at all. */
export const counter: Application<[name: string, by: number], number, string, unknown> = {
  name: 'counter',
  module: import.meta.url,
  apply([name, by], state) {
    if (by < 0) throw new Error('a counter does not go down');
    const sum = Number(state.get(name) ?? 0) + by;
    state.put(name, sum);
    return sum;
  },
  query: (prefix, state) => [...state.scan(prefix)],
};

export function openChunk(nonce = 'nonce'): Uint8Array {
  return encodeChunk({ kind: 'open', nonce });
}

/** Operations of one session that add to counters. */
export function addChunk(
  session: number,
  first: number,
  adds: readonly (readonly [string, number])[],
  acknowledged = 0,
): Uint8Array {
  return encodeChunk({
    kind: 'operations',
    session,
    first,
    acknowledged,
    operations: adds.map((add) => ['counter', add]),
  });
}

/** Applies one slot after the last. */
export function applyNext(state: ReplicatedState, ...chunks: Uint8Array[]) {
  return state.apply(state.applied + 1, chunks);
}
