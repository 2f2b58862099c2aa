import type { Entry, Position } from '../../../machines/raft/log.ts';
import type { StateHeader } from '../../../machines/replication/state-records.ts';
import { type LogHistory, nameOf } from '../protocols/raft/log-history.ts';
import type { ServerDiskListener } from '../protocols/raft/server-disks.ts';
import type { StateDiskListener } from '../protocols/replicated-log/state-disks.ts';
import { Violation } from '../violation.ts';
import { nodeOfDisk } from '../watch/disk-watch.ts';

const NAME = 'committed entries stay';

/** A committed entry leaves a disk only with all that is before it, when the state or a snapshot stands for it. */
export class CommittedEntriesStay implements ServerDiskListener, StateDiskListener {
  readonly #history: LogHistory;
  readonly #applied = new Map<string, number>();
  readonly #entries = new Map<string, Map<number, number>>();
  /** Removed in the transaction under way, which may end with a base that stands for them. */
  readonly #removed = new Map<string, Position[]>();

  constructor(history: LogHistory) {
    this.#history = history;
  }

  stored(node: string, index: number, { term }: Entry): void {
    this.#check(node);
    this.#entriesOf(node).set(index, term);
  }

  voted(node: string): void {
    this.#check(node);
  }

  removed(node: string, index: number): void {
    const term = this.#entriesOf(node).get(index);
    if (term === undefined) return;
    this.#entriesOf(node).delete(index);
    this.#removed.set(node, [...(this.#removed.get(node) ?? []), { index, term }]);
  }

  applied(node: string, header: StateHeader): void {
    this.#applied.set(nodeOfDisk(node), header.applied);
  }

  based(node: string, base: Position): void {
    const applied = this.#applied.get(nodeOfDisk(node)) ?? 0;
    if (base.index > applied)
      throw new Violation(
        NAME,
        `${node} goes on from ${nameOf(base)}; its state on disk is that of ${applied}`,
      );
    const removed = this.#removed.get(node) ?? [];
    this.#removed.set(
      node,
      removed.filter(({ index }) => index > base.index),
    );
    for (const index of this.#entriesOf(node).keys())
      if (index <= base.index) this.#entriesOf(node).delete(index);
  }

  #entriesOf(node: string): Map<number, number> {
    const entries = this.#entries.get(node) ?? new Map<number, number>();
    this.#entries.set(node, entries);
    return entries;
  }

  #check(node: string): void {
    for (const position of this.#removed.get(node) ?? []) {
      if (this.#history.committed(position.index)?.term === position.term)
        throw new Violation(NAME, `${node} removes ${nameOf(position)}, which is committed`);
    }
    this.#removed.delete(node);
  }
}
