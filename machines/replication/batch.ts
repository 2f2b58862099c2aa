/** The commands of one place of the log: chunks as clients packed them, opaque to all but replicas. Empty: a no-op. */
export type Batch = readonly Uint8Array[];

export const NO_OP: Batch = [];

/** The size of a batch in bytes, with something for each chunk's own cost. */
export function bytesOf(batch: Batch): number {
  let bytes = 64;
  for (const chunk of batch) bytes += chunk.byteLength + 16;
  return bytes;
}

/** How many of `nodes` nodes any two groups of which share a member. */
export function majorityOf(nodes: number): number {
  return Math.floor(nodes / 2) + 1;
}
