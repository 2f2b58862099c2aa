import { unpack } from '../../../actors/codec.ts';
import type { Effect } from '../../../actors/effects.ts';
import { MemoryJournal } from '../../../actors/memory-journal.ts';
import type { Ground } from '../../../machines/two-phase-commit/follower-context.ts';
import { FOUNDER } from '../../../machines/two-phase-commit/follower-records.ts';
import { packGroup } from '../../../machines/two-phase-commit/group.ts';
import { GroupJournal } from '../../../machines/two-phase-commit/journal.ts';
import { LockTable } from '../../../machines/two-phase-commit/locks.ts';
import {
  TWO_PHASE_COMMIT_DEFAULTS,
  type TwoPhaseCommitSettings,
} from '../../../machines/two-phase-commit/settings.ts';
import { VersionedStore } from '../../../machines/two-phase-commit/store.ts';
import type { Transaction } from '../../../machines/two-phase-commit/transaction.ts';
import { encodeTransaction } from '../../../machines/two-phase-commit/transaction-bytes.ts';
import { persisted, sent } from '../role-driver.ts';

export function settingsWith(changes: Partial<TwoPhaseCommitSettings> = {}): TwoPhaseCommitSettings {
  return { ...TWO_PHASE_COMMIT_DEFAULTS, ...changes };
}

export function transaction(parts: Partial<Transaction>): Transaction {
  return { reads: [], conditions: [], writes: [], ...parts };
}

export function encoded(parts: Partial<Transaction>): Uint8Array<ArrayBuffer> {
  return encodeTransaction(transaction(parts));
}

/** Puts of some keys, each in a transaction of its own, as a group carries them. */
export function puts(...keys: readonly string[]): Uint8Array<ArrayBuffer> {
  return packGroup(keys.map((key) => encoded({ writes: [[key, `new ${key}`]] })));
}

/** What the groups of a follower, node 1 under the leader 0, share. */
export function groundWith(
  changes: Partial<TwoPhaseCommitSettings> = {},
  disk = new MemoryJournal(),
): Ground {
  const journal = new GroupJournal(disk, '1');
  return {
    node: '1',
    leader: '0',
    settings: settingsWith(changes),
    journal,
    store: new VersionedStore(new MemoryJournal()),
    locks: new LockTable(),
    membership: FOUNDER,
    mark: journal.mark,
    orders: { votesNo: false, delayMs: undefined },
  };
}

/** The kinds of the records that some effects force to the disk; `-`: one is removed. The mark is left out. */
export function records(effects: readonly Effect[]): string[] {
  return persisted(effects).flatMap((write) => {
    if (!('key' in write) || write.key[0] !== 'group') return [];
    return [write.value === undefined ? '-' : String((unpack(write.value) as unknown[])[0])];
  });
}

/** What is sent and to whom, in order: `VOTE-YES 0/leader/7`. Within the node, and to it, all the same. */
export function letters(effects: readonly Effect[]): string[] {
  return sent(effects).map(([to, { type }]) => `${type} ${to}`);
}
