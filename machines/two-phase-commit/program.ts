import type { ProgramReference } from '../../actors/program.ts';
import type { TwoPhaseCommitSettings } from './settings.ts';

/** What a node of two-phase commit runs. Plain data. */
export interface TwoPhaseCommitOptions {
  /** The nodes that the cluster is founded with: the first is the leader, the others are the followers, one at least. */
  readonly nodes: readonly string[];
  readonly settings?: Partial<TwoPhaseCommitSettings>;
}

/** Names the program of a node of two-phase commit, for a host to load. */
export function twoPhaseCommitProgram(options: TwoPhaseCommitOptions): ProgramReference {
  return { module: import.meta.url, options };
}
