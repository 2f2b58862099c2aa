import { encodeKey } from '../../../actors/journal-key.ts';
import type { MemoryDisk } from '../../../actors/memory-journal.ts';
import { checksumOf } from '../../../actors/simulated/seed.ts';
import { DATA, SESSION, type StateHeader } from '../../../machines/replication/state-records.ts';
import type { StateDiskListener } from '../protocols/replicated-log/state-disks.ts';
import { Violation } from '../violation.ts';
import { difference } from '../watch/difference.ts';

/** Two disks that hold the state of the same slot hold the same state, byte for byte; and no disk goes back. */
export class EqualStates implements StateDiskListener {
  readonly #states = new Map<number, { readonly node: string; readonly state: string }>();
  readonly #applied = new Map<string, number>();

  applied(node: string, header: StateHeader, disk: MemoryDisk): void {
    const { generation, applied, ...rest } = header;
    if (applied < (this.#applied.get(node) ?? 0)) {
      throw new Violation('equal states', `${node} goes back from ${this.#applied.get(node)} to ${applied}`);
    }
    this.#applied.set(node, applied);
    const state = JSON.stringify({ ...rest, records: recordsOf(disk, generation) });
    const known = this.#states.get(applied);
    if (known === undefined) this.#states.set(applied, { node, state });
    else if (known.state !== state) {
      throw new Violation(
        'equal states',
        `at slot ${applied} ${known.node} and ${node} differ:\n${difference(known.state, state)}`,
      );
    }
  }
}

function recordsOf({ records }: MemoryDisk, generation: number): Record<string, number> {
  const found: Record<string, number> = {};
  for (const table of [SESSION, DATA]) {
    const prefix = encodeKey([table, generation]);
    for (const { encoded, key, value } of records.from(prefix)) {
      if (!encoded.startsWith(prefix)) break;
      found[[table, ...key.slice(2)].join('/')] = checksumOf(value);
    }
  }
  return found;
}
