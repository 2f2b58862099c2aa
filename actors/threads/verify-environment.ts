import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { CorruptJournalError } from '../errors.ts';

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
 * Read off mdb.c of LMDB 1.0 as lmdb 3.5 brings it. Payloads are not looked at: each record has a checksum.
 */
const PAGE_HEADER_BYTES = 24;
const NODE_HEADER_BYTES = 8;
const META_BYTES = 168;
const MAGIC = 0xbeefc0de;
const NO_PAGE = 2n ** 64n - 1n;
const DEPTH_MAX = 32;

const BRANCH = 0x01;
const LEAF = 0x02;
const OVERFLOW = 0x04;
const META = 0x08;
const BIG_DATA = 0x01;

interface Meta {
  readonly pageBytes: number;
  readonly transaction: bigint;
  readonly roots: readonly { readonly page: bigint; readonly depth: number }[];
}

/**
 * Looks whether a folder's LMDB file can be opened safely; one that is not there or empty can.
 * @throws CorruptJournalError when it is no LMDB file, was cut short, or its tree is broken.
 */
export function verifyEnvironment(folder: string): void {
  let file: number;
  try {
    file = openSync(join(folder, 'data.mdb'), 'r+');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return;
    throw new CorruptJournalError(folder, cause);
  }
  try {
    const bytes = fstatSync(file).size;
    if (bytes === 0) return;
    const meta = readMeta(file);
    const walk = new Walk(file, meta.pageBytes, Math.floor(bytes / meta.pageBytes));
    for (const { page, depth } of meta.roots) {
      if (page !== NO_PAGE) walk.visit(Number(page), depth);
    }
  } catch (cause) {
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
  const roots = [48, 96].map((tree) => ({
    page: page.getBigUint64(tree + 40, true),
    depth: page.getUint16(tree + 6, true),
  }));
  return { pageBytes, roots, transaction: page.getBigUint64(152, true) };
}

/** Goes through every page of a tree once. */
class Walk {
  readonly #file: number;
  readonly #pageBytes: number;
  readonly #pages: number;
  readonly #visited: Uint8Array;

  constructor(file: number, pageBytes: number, pages: number) {
    this.#file = file;
    this.#pageBytes = pageBytes;
    this.#pages = pages;
    this.#visited = new Uint8Array(Math.ceil(pages / 8));
  }

  /** `depth` counts from 1, the leaves. */
  visit(number: number, depth: number): void {
    this.#claim(number, 1);
    if (depth < 1 || depth > DEPTH_MAX) throw new Error(`page ${number} stands at an impossible depth`);
    const page = this.#read(number, this.#pageBytes);
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
      this.#visitNode(page, PAGE_HEADER_BYTES + node, depth);
    }
  }

  #visitNode(page: DataView, node: number, depth: number): void {
    const low = page.getUint32(node, true);
    const flags = page.getUint16(node + 4, true);
    const data = node + NODE_HEADER_BYTES + page.getUint16(node + 6, true);
    if (depth > 1) {
      if (data > this.#pageBytes) throw new Error('a key reaches out of its page');
      this.visit(low + flags * 2 ** 32, depth - 1);
      return;
    }
    const isBig = (flags & BIG_DATA) !== 0;
    if (data + (isBig ? 8 : low) > this.#pageBytes) throw new Error('a record reaches out of its page');
    if (isBig) {
      const first = Number(page.getBigUint64(data, true));
      const count = Math.floor((PAGE_HEADER_BYTES - 1 + low) / this.#pageBytes) + 1;
      this.#claim(first, count);
      const header = this.#read(first, PAGE_HEADER_BYTES);
      if ((header.getUint16(18, true) & OVERFLOW) === 0)
        throw new Error(`page ${first} should hold a large record`);
    }
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
