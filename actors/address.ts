/**
 * Where an actor lives: `node/role`, or `node/role/key` for one of many of a role (a commander of one slot).
 * Clients have addresses too; their node is the endpoint outside the cluster that speaks for them.
 */
export type Address = `${string}/${string}`;

/** The address of an actor. `node` and `role` hold no slash; `key` may. */
export function addressOf(node: string, role: string, key?: string): Address {
  return key === undefined ? `${node}/${role}` : `${node}/${role}/${key}`;
}

/** The node part of an address. */
export function nodeOf(address: Address): string {
  return address.slice(0, address.indexOf('/'));
}

/** The role part of an address. */
export function roleOf(address: Address): string {
  const start = address.indexOf('/') + 1;
  const end = address.indexOf('/', start);
  return end < 0 ? address.slice(start) : address.slice(start, end);
}
