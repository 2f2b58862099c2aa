import type { Address } from '../../actors/address.ts';

// Between a replica and the role beside it, or beside the leader, that decides the order of commands.

/** Commands to be decided. */
export type Propose = { readonly type: 'propose'; readonly chunk: Uint8Array; readonly client: Address };
/** Who leads, as far as the role beside knows; undefined: nobody. */
export type Leadership = { readonly type: 'leadership'; readonly leader: string | undefined };
/** May a read that has just arrived be answered, and from which index on? The ticket is the read's, in all the world. */
export type ConfirmRead = { readonly type: 'confirmRead'; readonly ticket: string };
export type ReadConfirmed = {
  readonly type: 'readConfirmed';
  readonly ticket: string;
  readonly index: number;
};
