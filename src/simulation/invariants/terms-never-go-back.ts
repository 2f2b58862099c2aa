import type { Entry } from '../../../machines/raft/log.ts';
import type { ServerDiskListener } from '../protocols/raft/server-disks.ts';
import { Violation } from '../violation.ts';

const NAME = 'terms never go back';

/** On disk, through all its lives, a server's term only rises, with one vote in each; no entry is of a later one. */
export class TermsNeverGoBack implements ServerDiskListener {
  readonly #votes = new Map<string, { readonly term: number; readonly votedFor: string | undefined }>();

  voted(node: string, term: number, votedFor: string | undefined): void {
    const before = this.#votes.get(node);
    if (before !== undefined && term < before.term) {
      throw new Violation(NAME, `${node}: ${before.term}, then ${term}`);
    }
    if (before?.term === term && before.votedFor !== undefined && before.votedFor !== votedFor) {
      throw new Violation(NAME, `${node} votes for ${before.votedFor} and ${votedFor} in term ${term}`);
    }
    this.#votes.set(node, { term, votedFor });
  }

  stored(node: string, index: number, entry: Entry): void {
    const { term = 0 } = this.#votes.get(node) ?? {};
    // Both records of one turn land together, the term first.
    if (entry.term > term) {
      throw new Violation(NAME, `${node} has entry ${index} of term ${entry.term} in term ${term}`);
    }
  }
}
