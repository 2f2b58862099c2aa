import type { Position } from '../../../machines/raft/log.ts';
import type { DiskWatcher } from '../support/disk-watch.ts';
import { type LogHistory, nameOf } from '../support/log-history.ts';
import { Violation } from '../support/violation.ts';

const NAME = 'answers rest on the disk';

/** A vote, or an acknowledgement, that arrives is on the disk of the server that gave it. */
export class AnswersRestOnDisk implements DiskWatcher {
  readonly #history: LogHistory;
  readonly #votes = new Map<string, { readonly term: number; readonly votedFor: string | undefined }>();

  constructor(history: LogHistory) {
    this.#history = history;
  }

  voted(node: string, term: number, votedFor: string | undefined): void {
    this.#votes.set(node, { term, votedFor });
  }

  /** `candidate` hears that `voter` votes for it. */
  voteArrives(voter: string, candidate: string, term: number): void {
    const vote = this.#votes.get(voter);
    if (this.#hasGoneOn(voter, term) || (vote?.term === term && vote.votedFor === candidate)) return;
    throw new Violation(
      NAME,
      `${voter} votes for ${candidate} in term ${term}, on disk is ${vote?.votedFor}`,
    );
  }

  /** The leader of a term hears that `follower` has its entry. */
  acknowledgementArrives(follower: string, term: number, entry: Position): void {
    if (this.#hasGoneOn(follower, term) || this.#history.isOnDisk(follower, entry)) return;
    throw new Violation(NAME, `${follower} says that it has ${nameOf(entry)}, which is not on its disk`);
  }

  /** In a later term it may have given up what it had said. */
  #hasGoneOn(node: string, term: number): boolean {
    return (this.#votes.get(node)?.term ?? 0) > term;
  }
}
