import type { Strengths } from '../faults/index.ts';

/** What all experiments of a swarm have in common. */
export interface SwarmSettings {
  /** The name of a protocol, or the URL of a module that exports one as `protocol`. */
  readonly protocol: string;
  /** Faults that are not left to the seeds: on, up to this strength, or, where that is 0, off. */
  readonly faults?: Strengths;
  /** How many nodes; drawn by each seed otherwise. */
  readonly nodes?: number;
  /** Bounds and times of the protocol that are not to be left to chance. Plain data. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** One task of a thread of a swarm: some seeds. */
export interface SeedsTask extends SwarmSettings {
  readonly seeds: readonly number[];
}
