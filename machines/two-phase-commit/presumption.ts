import type { Presume } from './settings.ts';

/** How a group ended: which of its transactions did not commit, by their places; without `commits`: none did. */
export interface Decision {
  readonly commits: boolean;
  readonly refused: readonly number[];
}

export const ABORTED: Decision = { commits: false, refused: [] };

/*
 * What is forced to disk before the next message leaves (!), written behind it (~), or not at all (-), and which
 * decisions are acknowledged:
 *
 *              leader                    followers               acknowledged     unknown to the leader
 *              BEGIN  COMMIT  ABORT      READY  COMMIT  ABORT
 *   nothing      !      !       !          !      !       !      both             ended
 *   abort        -      !       -          !      !       -      commits          aborted
 *   commit       !      !       -          !      ~       !      aborts           committed
 *
 * Presumed abort and presumed commit: Mohan, Lindsay and Obermarck, Transaction Management in the R* Distributed
 * Database Management System, ACM TODS 11(4), 1986. Presumed nothing, which has the leader write down whom it asks
 * (Bernstein, Hadzilacos and Goodman, Concurrency Control and Recovery in Database Systems, 1987, section 7.4), before
 * it does: no crash then leaves a follower in doubt that the leader does not know of.
 *
 * With presumed commit the record of a commit is that BEGIN is gone. A group of which some commit and some do not is no
 * case for it: nobody could tell which. It is decided as with presumed nothing.
 */

/** Whether the leader writes down whom it asks before it asks. */
export function writesBegin(presume: Presume): boolean {
  return presume !== 'abort';
}

/** Whether the followers acknowledge a decision; they do so when it is on disk, and the leader keeps it until all have. */
export function isAcknowledged(presume: Presume, { commits, refused }: Decision): boolean {
  if (!commits) return presume !== 'abort';
  return presume !== 'commit' || refused.length > 0;
}

/** Whether the leader writes a record of a decision, rather than let what it has, or has not, speak for itself. */
export function writesDecision(presume: Presume, decision: Decision): boolean {
  return isAcknowledged(presume, decision) && (decision.commits || presume === 'nothing');
}

/** How a group ended of which a follower that voted yes, and did not acknowledge, learns that nobody remembers it. */
export function presumed(presume: Presume): Decision | undefined {
  switch (presume) {
    case 'abort':
      return ABORTED;
    case 'commit':
      return { commits: true, refused: [] };
    case 'nothing':
      return undefined;
  }
}
