import { readPayload } from '../replication/record-payload.ts';
import { skipContents } from './operations.ts';
import { compareOrigins, type Origin } from './origin.ts';
import { type Context, readContext } from './run.ts';
import { VarintReader, varintBytes, writeVarint } from './varint.ts';
import { counterOf, type VectorClock, withCounter } from './vector-clock.ts';

/*
 * Of a key every version is kept that no other follows; its record holds them one after the other:
 *
 *   origin | counter | context bytes | context ... | contents ...      as in run.ts
 *
 * There is one of each origin at most: a later write of an origin follows all earlier ones.
 */

/** A version, by its number. */
export interface Version {
  readonly origin: Origin;
  readonly counter: number;
  readonly isTombstone: boolean;
}

/** One of those in a record, and where its parts stand. */
export interface Sibling extends Version {
  readonly start: number;
  readonly context: number;
  readonly contents: number;
  readonly end: number;
}

/** The versions in a record. @throws RangeError when it is none. */
export function readSiblings(bytes: Buffer, start: number, end: number): Sibling[] {
  const siblings: Sibling[] = [];
  const reader = new VarintReader(bytes, start);
  while (reader.position < end) {
    const at = reader.position;
    const origin = reader.next();
    const counter = reader.next();
    const context = reader.skip(reader.next());
    const contents = reader.position;
    const isTombstone = skipContents(reader) === undefined;
    siblings.push({ origin, counter, isTombstone, start: at, context, contents, end: reader.position });
  }
  if (reader.position !== end) throw new RangeError('a version is cut off');
  return siblings;
}

/** How many bytes a version takes in a record. */
export function siblingBytes(
  origin: Origin,
  counter: number,
  contextBytes: number,
  contentsBytes: number,
): number {
  return (
    varintBytes(origin) + varintBytes(counter) + varintBytes(contextBytes) + contextBytes + contentsBytes
  );
}

/** Writes all that stands before the contents, and gives where these begin. */
export function writeSiblingHead(
  origin: Origin,
  counter: number,
  context: Buffer,
  target: Buffer,
  start: number,
): number {
  let position = writeVarint(origin, target, start);
  position = writeVarint(counter, target, position);
  position = writeVarint(context.byteLength, target, position);
  return position + context.copy(target, position);
}

/** Whether a version follows, or is, a write of that number: its order covers it. */
export function follows(bytes: Buffer, sibling: Sibling, origin: Origin, counter: number): boolean {
  if (sibling.origin === origin) return sibling.counter >= counter;
  const reader = new VarintReader(bytes, sibling.context);
  for (let left = reader.next(); left > 0; left--) {
    const known = reader.next();
    const upTo = reader.next();
    if (known >= origin) return known === origin && upTo >= counter;
  }
  return false;
}

export function contextOf(bytes: Buffer, sibling: Sibling): Context {
  return readContext(new VarintReader(bytes, sibling.context));
}

/** Whether a version of that number and context follows another. */
export function isFollowedBy(version: Version, origin: Origin, counter: number, context: Context): boolean {
  if (version.origin === origin) return version.counter <= counter;
  return version.counter <= counterOf(context.order, version.origin);
}

/** What a write must cover to follow a version. */
export function orderOf(bytes: Buffer, sibling: Sibling): VectorClock {
  return withCounter(contextOf(bytes, sibling).order, sibling.origin, sibling.counter);
}

/** What a session has read that has read this version. */
export function pastOf(bytes: Buffer, sibling: Sibling): VectorClock {
  return withCounter(contextOf(bytes, sibling).past, sibling.origin, sibling.counter);
}

/** The version that shows: the one of the highest server. Undefined when there is none. */
export function shownOf<V extends Version>(siblings: readonly V[]): V | undefined {
  let shown: V | undefined;
  for (const sibling of siblings) {
    if (shown === undefined || compareOrigins(sibling.origin, shown.origin) > 0) shown = sibling;
  }
  return shown;
}

/** The value of a version; undefined of a tombstone. @throws when the payload is none. */
export function valueIn(bytes: Buffer, sibling: Sibling): unknown {
  if (sibling.isTombstone) return undefined;
  const reader = new VarintReader(bytes, sibling.contents + 1);
  const payloadBytes = reader.next();
  return readPayload(bytes, reader.position, reader.position + payloadBytes);
}
