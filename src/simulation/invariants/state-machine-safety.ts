import type { Configuration } from '../../../machines/raft/configuration.ts';
import type { Position } from '../../../machines/raft/log.ts';
import { nodeOfMember } from '../../../machines/raft/member.ts';
import type { Batch } from '../../../machines/replication/batch.ts';
import { type LogHistory, nameOf } from '../protocols/raft/log-history.ts';
import { Violation } from '../violation.ts';
import { identityOf } from '../watch/disk-watch.ts';

const NAME = 'state machine safety';

interface Applied {
  readonly term: number;
  readonly batch: string;
}

/**
 * All apply the same entry at an index, and a committed one (thesis, figure 3.2). It may lack the vote of the server
 * beside alone, whose entry is on its way to the disk: nobody else hears of what was applied before it is there.
 * Should the node crash first, nothing was applied.
 */
export class StateMachineSafety {
  readonly #history: LogHistory;
  /** What nodes have applied ahead of the disk, by index and node. */
  readonly #early = new Map<number, Map<string, Applied>>();

  constructor(history: LogHistory) {
    this.#history = history;
    history.onCommit(({ index, term, batch }) => {
      for (const [node, early] of this.#early.get(index) ?? []) {
        if (early.term === term && early.batch === batch) continue;
        throw new Violation(
          NAME,
          `${node} applied ${early.batch} of term ${early.term}, committed is ${nameOf({ index, term })}`,
        );
      }
      this.#early.delete(index);
    });
  }

  /** `configuration` is the one in force there, as the replica knows it. */
  apply(node: string, { index, term }: Position, batch: Batch, configuration: Configuration): void {
    const identity = identityOf(batch);
    const committed = this.#history.committed(index);
    const applied = `${node} applies ${nameOf({ index, term })}, ${identity}`;
    if (committed !== undefined) {
      if (committed.term === term && committed.batch === identity) return;
      throw new Violation(NAME, `${applied}; committed is ${nameOf(committed)}, ${committed.batch}`);
    }
    if (!decidesAlone(configuration, node) && !this.#history.isNearlyCommitted(node, { index, term })) {
      throw new Violation(NAME, `${applied}, which is not committed`);
    }
    const early = this.#early.get(index) ?? new Map<string, Applied>();
    this.#early.set(index, early.set(node, { term, batch: identity }));
  }

  /** A node has crashed: what it had applied ahead of its disk never happened. */
  crashed(node: string): void {
    for (const early of this.#early.values()) early.delete(node);
  }
}

/** What it decides, it may apply before it stands on any disk. */
function decidesAlone({ voters, nextVoters }: Configuration, node: string): boolean {
  const deciding = nextVoters.length > 0 ? nextVoters : voters;
  return deciding.length === 1 && nodeOfMember(deciding[0]!) === node;
}
