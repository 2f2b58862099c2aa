import type { Address } from './address.ts';

/** What actors say to one another: plain data that msgpack can carry, told apart by `type`. */
export interface Message {
  readonly type: string;
}

/** A message on its way. */
export interface Envelope {
  readonly to: Address;
  readonly from: Address;
  readonly message: Message;
}

/** A message as the role receives it: an XState event that also says who sent it. */
export type Received<M extends Message> = M & { readonly from: Address };
