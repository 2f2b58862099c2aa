import type { JournalKey } from './journal.ts';

export interface SortedRecord {
  readonly encoded: string;
  readonly key: JournalKey;
  readonly value: Uint8Array;
}

interface Block {
  /** Whoever holds this may change the block in place; everyone else copies it first. */
  readonly owner: object;
  readonly records: SortedRecord[];
}

/** A block that grows beyond this is split in two. */
const BLOCK_RECORDS_MAX = 512;

/**
 * Records in order of their encoded keys. A copy is cheap, since copies share the blocks that neither has changed:
 *
 *   copy A  [ block 1 ][ block 2 ][ block 3 ]
 *                |          |      (changed)
 *   copy B  [ block 1 ][ block 2 ][ block 3']
 */
export class SortedRecords {
  #blocks: Block[] = [];
  #owner: object = {};

  /** How many records there are. */
  get size(): number {
    return this.#blocks.reduce((sum, { records }) => sum + records.length, 0);
  }

  get(encoded: string): Uint8Array | undefined {
    const records = this.#blocks[this.#blockOf(encoded)]?.records;
    if (records === undefined) return undefined;
    const record = records[firstAtOrAfter(records, encoded)];
    return record?.encoded === encoded ? record.value : undefined;
  }

  put(encoded: string, key: JournalKey, value: Uint8Array): void {
    const record = { encoded, key, value };
    if (this.#blocks.length === 0) {
      this.#blocks.push({ owner: this.#owner, records: [record] });
      return;
    }
    const position = this.#blockOf(encoded);
    const { records } = this.#own(position);
    const index = firstAtOrAfter(records, encoded);
    records.splice(index, records[index]?.encoded === encoded ? 1 : 0, record);
    if (records.length <= BLOCK_RECORDS_MAX) return;
    // Keys mostly come in rising order: a full last block stays full, and the next one starts with the new key.
    const cut = index === records.length - 1 ? index : records.length >>> 1;
    this.#blocks.splice(position + 1, 0, { owner: this.#owner, records: records.splice(cut) });
  }

  /** Gives what it has deleted. */
  delete(encoded: string): SortedRecord | undefined {
    const position = this.#blockOf(encoded);
    const shared = this.#blocks[position]?.records;
    if (shared === undefined) return undefined;
    const index = firstAtOrAfter(shared, encoded);
    const record = shared[index];
    if (record?.encoded !== encoded) return undefined;
    const { records } = this.#own(position);
    records.splice(index, 1);
    if (records.length === 0) this.#blocks.splice(position, 1);
    return record;
  }

  /** Deletes all. */
  clear(): void {
    this.#blocks = [];
  }

  /** The records from `encoded` on. Iterate over a {@link copy} when records may change meanwhile. */
  *from(encoded: string): IterableIterator<SortedRecord> {
    const first = this.#blockOf(encoded);
    for (let position = first; position < this.#blocks.length; position += 1) {
      const { records } = this.#blocks[position]!;
      const start = position === first ? firstAtOrAfter(records, encoded) : 0;
      for (let index = start; index < records.length; index += 1) yield records[index]!;
    }
  }

  /** The same records; neither copy sees what the other changes from here on. */
  copy(): SortedRecords {
    const copied = new SortedRecords();
    copied.#blocks = this.#blocks.slice();
    // From now on no shared block has an owner: whoever changes one first makes a copy of it.
    this.#owner = {};
    return copied;
  }

  #own(position: number): Block {
    const block = this.#blocks[position]!;
    if (block.owner === this.#owner) return block;
    const own = { owner: this.#owner, records: block.records.slice() };
    this.#blocks[position] = own;
    return own;
  }

  /** The last block that begins at or before `encoded`, else the first. */
  #blockOf(encoded: string): number {
    let low = 0;
    let high = this.#blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#blocks[middle]!.records[0]!.encoded <= encoded) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }
}

function firstAtOrAfter(records: readonly SortedRecord[], encoded: string): number {
  let low = 0;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (records[middle]!.encoded < encoded) low = middle + 1;
    else high = middle;
  }
  return low;
}
