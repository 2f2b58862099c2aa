import type { Configuration } from '../../../machines/raft/configuration.ts';
import type { Entry, Position } from '../../../machines/raft/log.ts';
import { RAFT_DEFAULTS, type RaftSettings } from '../../../machines/raft/settings.ts';

/** Short ways to write down what the tests are about. */

/** The place of an entry, as the thesis has it: index, then term. */
export function at(index: number, term: number): Position {
  return { index, term };
}

/** An entry with a command: one byte, which tells it from others. */
export function entry(term: number, byte: number): Entry {
  return { term, batch: [new Uint8Array([byte])] };
}

export function configuration(
  voters: readonly string[],
  {
    next = [],
    learners = [],
  }: { readonly next?: readonly string[]; readonly learners?: readonly string[] } = {},
): Configuration {
  return { voters, nextVoters: next, learners };
}

/** An entry that brings a configuration. */
export function changeTo(term: number, ...given: Parameters<typeof configuration>): Entry {
  return { term, batch: [], configuration: configuration(...given) };
}

export function settings(changed: Partial<RaftSettings> = {}): RaftSettings {
  return { ...RAFT_DEFAULTS, ...changed };
}
