/** What a node has done since it started. */
export interface NodeTally {
  /** Messages to other nodes... */
  readonly messages: number;
  /** ...and the frames that carried them. */
  readonly frames: number;
  /** Flushes of its journal. What is written behind, to its store, is not counted: nobody waits for it. */
  readonly flushes: number;
}

/** What several nodes have done, all together. */
export function sumOfTallies(tallies: readonly NodeTally[]): NodeTally {
  const sum = { messages: 0, frames: 0, flushes: 0 };
  for (const { messages, frames, flushes } of tallies) {
    sum.messages += messages;
    sum.frames += frames;
    sum.flushes += flushes;
  }
  return sum;
}
