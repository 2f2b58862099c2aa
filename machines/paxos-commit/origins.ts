import type { Address } from '../../actors/address.ts';
import { pack, unpack } from '../../actors/codec.ts';
import type { RequestedTransaction } from '../two-phase-commit/requests.ts';

/** Where a transaction came from: enough to tell its client what became of it. */
export interface Origin {
  readonly client: Address;
  readonly session: number;
  readonly number: number;
  readonly writes: boolean;
}

/** Transactions of a session that follow one another. */
type Run = [client: Address, session: number, first: number, count: number, writes: boolean];

/** Packs where the transactions of a group came from. */
export function packOrigins(members: readonly RequestedTransaction[]): Uint8Array<ArrayBuffer> {
  const runs: Run[] = [];
  for (const { session, number, exclusive } of members) {
    const writes = exclusive.length > 0;
    const run = runs.at(-1);
    if (run !== undefined && run[1] === session.id && run[2] + run[3] === number && run[4] === writes) {
      run[3] += 1;
    } else {
      runs.push([session.client, session.id, number, 1, writes]);
    }
  }
  return pack(runs);
}

/** What {@link packOrigins} packed, by the places in the group. */
export function unpackOrigins(packed: Uint8Array): Origin[] {
  return (unpack(packed) as Run[]).flatMap(([client, session, first, count, writes]) =>
    Array.from({ length: count }, (_, place) => ({ client, session, number: first + place, writes })),
  );
}
