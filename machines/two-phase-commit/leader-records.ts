import { pack, unpack } from '../../actors/codec.ts';
import { SynodError } from '../../actors/errors.ts';
import type { JournalKey, JournalView, JournalWrite } from '../../actors/journal.ts';
import type { Group } from './group.ts';
import type { GroupJournal } from './journal.ts';
import type { Decision } from './presumption.ts';
import { PRESUMPTIONS, type Presume } from './settings.ts';
import type { TransactionId } from './transaction-id.ts';

const LIFE: JournalKey = ['life'];
const FOLLOWERS: JournalKey = ['followers'];

/** A group that a former life of the leader has begun, and that has not ended. */
export interface RecoveredGroup {
  readonly group: Omit<Group, 'transactions'>;
  /** Undefined: nobody can have been told of any. */
  readonly decision: Decision | undefined;
}

/** How often the leader has started; written down before anything of a life leaves, so that no id is given twice. */
export function lifeRecord(life: number, presume: Presume): JournalWrite {
  return { key: LIFE, value: pack([life, presume]) };
}

/**
 * The life that begins now.
 * @throws SynodError `SYNOD_CORRUPT_RECORD`; `SYNOD_WRONG_FOLDER` when the last one presumed another outcome: what the
 * followers are in doubt about would end otherwise than it has.
 */
export function nextLife(journal: JournalView, presume: Presume): number {
  const record = journal.get(LIFE);
  if (record === undefined) return 1;
  const parts = unpack(record);
  const [life, before] = Array.isArray(parts) ? (parts as unknown[]) : [];
  if (!Number.isSafeInteger(life) || !PRESUMPTIONS.some((known) => known === before)) {
    throw new SynodError(
      'SYNOD_CORRUPT_RECORD',
      "the leader's journal: the record of its life is nothing that this version writes. Put the node's folder back " +
        'from a copy',
    );
  }
  if (before !== presume) {
    throw new SynodError(
      'SYNOD_WRONG_FOLDER',
      `the leader's journal was written with presume: '${String(before)}', not '${presume}'; nothing was touched. ` +
        'Start it with that, or use another folder',
    );
  }
  return (life as number) + 1;
}

/** Who votes, once they are others than those that the cluster was founded with. */
export function followersRecord(followers: readonly string[]): JournalWrite {
  return { key: FOLLOWERS, value: pack(followers) };
}

/** @throws SynodError `SYNOD_CORRUPT_RECORD`. */
export function loadFollowers(journal: JournalView, founders: readonly string[]): readonly string[] {
  const record = journal.get(FOLLOWERS);
  if (record === undefined) return founders;
  const followers = unpack(record);
  if (Array.isArray(followers) && followers.every((name): name is string => typeof name === 'string'))
    return followers;
  throw new SynodError(
    'SYNOD_CORRUPT_RECORD',
    "the leader's journal: the record of its followers is nothing that this version writes. Put the node's folder back " +
      'from a copy',
  );
}

/** What the leader's journal says of groups, in the order of their ids. */
export function recoveredGroups(journal: GroupJournal): RecoveredGroup[] {
  const groups = new Map<TransactionId, RecoveredGroup>();
  for (const { group: id, kind, count, participants, refused } of journal.iterate()) {
    const decision = kind === 'BEGIN' ? undefined : { commits: kind === 'COMMIT', refused };
    groups.set(id, { group: { id, count, participants }, decision });
  }
  return [...groups.values()];
}
