/** What a key of the eventually consistent store may hold: plain data. */
export type StoreValue =
  | string
  | number
  | boolean
  | null
  | Uint8Array
  | readonly StoreValue[]
  | { readonly [key: string]: StoreValue };
