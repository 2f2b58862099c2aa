import type { Position } from '../../../machines/raft/log.ts';
import type { Member } from '../../../machines/raft/member.ts';
import { type LogHistory, nameOf } from '../protocols/raft/log-history.ts';
import type { ServerDiskListener } from '../protocols/raft/server-disks.ts';
import { Violation } from '../violation.ts';

const NAME = 'answers rest on the disk';

/** A vote, or an acknowledgement, that arrives is on the disk of the server that gave it. */
export class AnswersRestOnDisk implements ServerDiskListener {
  readonly #history: LogHistory;
  readonly #votes = new Map<string, { readonly term: number; readonly votedFor: string | undefined }>();

  constructor(history: LogHistory) {
    this.#history = history;
  }

  voted(node: string, term: number, votedFor: string | undefined): void {
    this.#votes.set(node, { term, votedFor });
  }

  /** `candidate` hears that `voter` votes for it. */
  voteArrives(voter: Member, candidate: Member, term: number): void {
    const disk = this.#history.diskOf(voter);
    const vote = this.#votes.get(disk);
    if (this.#hasGoneOn(disk, term) || (vote?.term === term && vote.votedFor === candidate)) return;
    throw new Violation(
      NAME,
      `${voter} votes for ${candidate} in term ${term}, on disk is ${vote?.votedFor}`,
    );
  }

  /** The leader of a term hears that `follower` has its entry. */
  acknowledgementArrives(follower: Member, term: number, entry: Position): void {
    const disk = this.#history.diskOf(follower);
    if (this.#hasGoneOn(disk, term) || this.#history.isOnDisk(disk, entry)) return;
    throw new Violation(NAME, `${follower} says that it has ${nameOf(entry)}, which is not on its disk`);
  }

  /** In a later term it may have given up what it had said. */
  #hasGoneOn(node: string, term: number): boolean {
    return (this.#votes.get(node)?.term ?? 0) > term;
  }
}
