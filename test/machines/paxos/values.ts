import type { Ballot } from '../../../machines/paxos/ballot.ts';
import type { Pvalue, Slot } from '../../../machines/paxos/pvalue.ts';
import { PAXOS_DEFAULTS, type PaxosSettings } from '../../../machines/paxos/settings.ts';
import type { Batch } from '../../../machines/replication/batch.ts';

/** Short ways to write down what the tests are about. */

export const NODES = ['a', 'b', 'c'] as const;

export function ballot(round: number, leader: string): Ballot {
  return { round, leader };
}

/** A batch of chunks that are told apart by their one byte. */
export function batch(...bytes: number[]): Batch {
  return bytes.map((byte) => new Uint8Array([byte]));
}

export function pvalue(number: Ballot, slot: Slot, byte: number): Pvalue {
  return { ballot: number, slot, batch: batch(byte) };
}

export function settings(changed: Partial<PaxosSettings> = {}): PaxosSettings {
  return { ...PAXOS_DEFAULTS, ...changed };
}
