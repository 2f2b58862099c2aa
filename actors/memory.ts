/** Where nodes keep what they must remember: on disk, or in their own memory, which ends with them. */
export const JOURNAL_KINDS = ['lmdb', 'memory'] as const;
export type JournalKind = (typeof JOURNAL_KINDS)[number];

/**
 * What a node that starts still knows of its former lives.
 *
 * - `new`: there were none in this cluster.
 * - `kept`: the journal is as the last one left it.
 * - `lost`: there were, and their journal is gone, or was damaged. What they have promised and accepted is
 *   forgotten. The journal is empty. It counts as `kept` as soon as anything was written to it: so a program
 *   that starts `lost` writes down, with its first transaction, what it is to know of that.
 */
export type Memory = 'new' | 'kept' | 'lost';

/** Whether more than half of all members have not lost theirs: then what any majority knew, one of these knows. */
export function majorityRemembers(members: readonly Memory[]): boolean {
  return members.filter((memory) => memory !== 'lost').length > members.length / 2;
}
