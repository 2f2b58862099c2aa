import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { CorruptJournalError, CorruptRecordError } from '../errors.ts';
import { keyOf } from '../key-bytes.ts';
import { payloadOf } from '../packed-writes.ts';
import { realClock } from './real-time.ts';
import { DiskFailedError } from './thread-errors.ts';

/*
 * LMDB maps its file into memory and believes what stands there: a damaged page number or a file that was cut
 * short kills the process. So before a file is opened, the tree that a reader can reach is walked here:
 *
 *   | meta page 0 | meta page 1 | pages ... |       the newer meta page has the roots of two trees:
 *                                                   the free pages, and the records
 *
 *   page   | number 8 | transaction 8 | pad 2 | flags 2 | lower 2 | upper 2 |   24 bytes
 *          | offsets of nodes, 2 bytes each ... free ... nodes |                offsets count from byte 24
 *   node   | low 2 | middle 2 | flags 2 | key size 2 | key | data |             a branch's: page number in 6 bytes
 *
 * Read off mdb.c of LMDB 1.0 as lmdb 3.5 brings it. The checksum of every record is looked at on the way.
 */
const PAGE_HEADER_BYTES = 24;
const NODE_HEADER_BYTES = 8;
const META_BYTES = 168;
const MAGIC = 0xbeefc0de;
const NO_PAGE = 2n ** 64n - 1n;
const DEPTH_MAX = 32;

/** After so many bytes others have their turn: a large store must not hold up the small ones beside it. */
const SLICE_BYTES = 1024 * 1024;

const BRANCH = 0x01;
const LEAF = 0x02;
const OVERFLOW = 0x04;
const META = 0x08;
const BIG_DATA = 0x01;

interface Tree {
  readonly page: bigint;
  readonly depth: number;
}

interface Meta {
  readonly pageBytes: number;
  readonly transaction: bigint;
  readonly free: Tree;
  readonly records: Tree;
}

/**
 * Looks whether a folder's LMDB file can be opened safely, and all in it served; one that is not there or empty can.
 * @throws CorruptJournalError when it is no LMDB file, was cut short, or its tree is broken; CorruptRecordError
 * when a record fails its checksum; DiskFailedError when it cannot be read, which says nothing of what it holds.
 */
export async function verifyEnvironment(folder: string): Promise<void> {
  let file: number;
  try {
    file = openSync(join(folder, 'data.mdb'), 'r+');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return;
    throw new DiskFailedError(folder, cause);
  }
  try {
    const bytes = fstatSync(file).size;
    if (bytes === 0) return;
    const meta = readMeta(file);
    const walk = new Walk(file, meta.pageBytes, Math.floor(bytes / meta.pageBytes), folder);
    let slice = 0;
    for (const read of walk.visitAll(meta)) {
      slice += read;
      if (slice < SLICE_BYTES) continue;
      slice = 0;
      await new Promise<void>((resolve) => realClock.soon(resolve));
    }
  } catch (cause) {
    if (cause instanceof CorruptRecordError) throw cause;
    if (cause instanceof Error && 'syscall' in cause) throw new DiskFailedError(folder, cause);
    throw new CorruptJournalError(folder, cause);
  } finally {
    closeSync(file);
  }
}

function readMeta(file: number): Meta {
  const first = metaAt(file, 0);
  const second = metaAt(file, first.pageBytes);
  if (first.pageBytes !== second.pageBytes) throw new Error('its two heads differ');
  return second.transaction > first.transaction ? second : first;
}

function metaAt(file: number, offset: number): Meta {
  const page = new DataView(new ArrayBuffer(PAGE_HEADER_BYTES + META_BYTES));
  if (readSync(file, page, 0, page.byteLength, offset) < page.byteLength) throw new Error('it is cut short');
  if ((page.getUint16(18, true) & META) === 0 || page.getUint32(24, true) !== MAGIC)
    throw new Error('it is no LMDB file');
  const pageBytes = page.getUint32(48, true);
  if (pageBytes < 512 || pageBytes > 65_536 || (pageBytes & (pageBytes - 1)) !== 0) {
    throw new Error(`its pages cannot have ${pageBytes} bytes`);
  }
  const treeAt = (start: number): Tree => ({
    page: page.getBigUint64(start + 40, true),
    depth: page.getUint16(start + 6, true),
  });
  return { pageBytes, free: treeAt(48), records: treeAt(96), transaction: page.getBigUint64(152, true) };
}

/** Goes through every page of both trees once, and yields how many bytes each had. */
class Walk {
  readonly #file: number;
  readonly #pageBytes: number;
  readonly #pages: number;
  readonly #folder: string;
  readonly #visited: Uint8Array;

  constructor(file: number, pageBytes: number, pages: number, folder: string) {
    this.#file = file;
    this.#pageBytes = pageBytes;
    this.#pages = pages;
    this.#folder = folder;
    this.#visited = new Uint8Array(Math.ceil(pages / 8));
  }

  *visitAll({ free, records }: Meta): Generator<number> {
    if (free.page !== NO_PAGE) yield* this.#visit(Number(free.page), free.depth, false);
    if (records.page !== NO_PAGE) yield* this.#visit(Number(records.page), records.depth, true);
  }

  /** `depth` counts from 1, the leaves. */
  *#visit(number: number, depth: number, ofRecords: boolean): Generator<number> {
    this.#claim(number, 1);
    if (depth < 1 || depth > DEPTH_MAX) throw new Error(`page ${number} stands at an impossible depth`);
    const page = this.#read(number, this.#pageBytes);
    yield this.#pageBytes;
    const flags = page.getUint16(18, true);
    if ((flags & (BRANCH | LEAF | OVERFLOW | META)) !== (depth === 1 ? LEAF : BRANCH)) {
      throw new Error(`page ${number} is of another kind than its place in the tree says`);
    }
    const lower = page.getUint16(20, true);
    const upper = page.getUint16(22, true);
    const end = this.#pageBytes - PAGE_HEADER_BYTES;
    if (lower % 2 !== 0 || lower > upper || upper > end)
      throw new Error(`page ${number} has impossible bounds`);
    for (let offset = PAGE_HEADER_BYTES; offset < PAGE_HEADER_BYTES + lower; offset += 2) {
      const node = page.getUint16(offset, true);
      if (node < upper || node + NODE_HEADER_BYTES > end)
        throw new Error(`page ${number} has a node outside of it`);
      const start = PAGE_HEADER_BYTES + node;
      if (depth > 1) yield* this.#visit(this.#childOf(page, start), depth - 1, ofRecords);
      else yield* this.#visitRecord(page, start, ofRecords);
    }
  }

  #childOf(page: DataView, node: number): number {
    if (node + NODE_HEADER_BYTES + page.getUint16(node + 6, true) > this.#pageBytes)
      throw new Error('a key reaches out of its page');
    return page.getUint32(node, true) + page.getUint16(node + 4, true) * 2 ** 32;
  }

  *#visitRecord(page: DataView, node: number, isOurs: boolean): Generator<number> {
    const bytes = page.getUint32(node, true);
    const isBig = (page.getUint16(node + 4, true) & BIG_DATA) !== 0;
    const data = node + NODE_HEADER_BYTES + page.getUint16(node + 6, true);
    if (data + (isBig ? 8 : bytes) > this.#pageBytes) throw new Error('a record reaches out of its page');
    let record = new Uint8Array(page.buffer, data, isBig ? 0 : bytes);
    if (isBig) {
      const first = Number(page.getBigUint64(data, true));
      this.#claim(first, Math.floor((PAGE_HEADER_BYTES - 1 + bytes) / this.#pageBytes) + 1);
      const pages = this.#read(first, PAGE_HEADER_BYTES + bytes);
      if ((pages.getUint16(18, true) & OVERFLOW) === 0)
        throw new Error(`page ${first} should hold a large record`);
      record = new Uint8Array(pages.buffer, PAGE_HEADER_BYTES, bytes);
      yield bytes;
    }
    if (!isOurs) return;
    const key = new Uint8Array(page.buffer, node + NODE_HEADER_BYTES, data - node - NODE_HEADER_BYTES);
    if (payloadOf(key, record) === undefined) throw new CorruptRecordError(this.#folder, nameOf(key));
  }

  /** Pages that are in the file and in no other place of the tree. */
  #claim(first: number, count: number): void {
    if (first < 2 || first + count > this.#pages)
      throw new Error(`page ${first} is not in the file: it is cut short`);
    for (let number = first; number < first + count; number++) {
      const bit = 1 << (number & 7);
      if ((this.#visited[number >>> 3]! & bit) !== 0)
        throw new Error(`page ${number} is in two places of the tree`);
      this.#visited[number >>> 3]! |= bit;
    }
  }

  #read(number: number, bytes: number): DataView {
    const page = new DataView(new ArrayBuffer(bytes));
    if (readSync(this.#file, page, 0, bytes, number * this.#pageBytes) < bytes)
      throw new Error('it is cut short');
    if (page.getBigUint64(0, true) !== BigInt(number)) throw new Error(`page ${number} holds something else`);
    return page;
  }
}

/** How a key is called in errors; it may itself be damaged, or none of a record's. */
function nameOf(key: Uint8Array): string {
  try {
    return JSON.stringify(keyOf(key));
  } catch {
    return `the key ${Buffer.from(key).toString('hex')}`;
  }
}
