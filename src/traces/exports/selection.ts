import type { Trace, TraceFileRecord } from '../trace.ts';

/** Which events of a trace are to be shown. */
export interface Selection {
  /** The number of the first one; 1. */
  readonly from?: number;
  /** The number of the last one. */
  readonly until?: number;
  /** Of frames, those with messages of these types alone, and of these no others. */
  readonly messages?: readonly string[];
}

/** An event, and its number in the trace. */
export type Numbered<Kind extends TraceFileRecord = TraceFileRecord> = Kind & { readonly n: number };

/** What happened to a frame. */
export type FrameRecord = Extract<TraceFileRecord, { readonly messages: readonly string[] }>;

export function isFrame(record: Numbered): record is Numbered<FrameRecord> {
  return 'messages' in record;
}

/** The events that are selected, in the order of time: on threads their lines are in the order in which they were heard. */
export function select(
  { records }: Trace,
  { from = 1, until = records.length, messages }: Selection,
): Numbered[] {
  const selected: Numbered[] = [];
  for (const [index, record] of records.entries()) {
    const n = index + 1;
    if (n < from || n > until) continue;
    const numbered = { ...record, n };
    if (messages === undefined || !isFrame(numbered)) {
      selected.push(numbered);
      continue;
    }
    const kept = numbered.messages.filter((type) => messages.includes(type));
    if (kept.length > 0) selected.push({ ...numbered, messages: kept });
  }
  return selected.sort((a, b) => a.atMs - b.atMs || a.n - b.n);
}

/** What happens to all of them, or to the network, happens here. */
export const WORLD = 'world';

/** Where an event happens. What becomes of a frame that does not arrive is told at its sender. */
export function placeOf(record: TraceFileRecord): string {
  if (record.event === 'deliver') return record.to;
  if ('from' in record) return record.from;
  return 'node' in record ? record.node : WORLD;
}

/** All places of these events, the nodes by number or name, then the clients and the world. */
export function placesOf(records: readonly TraceFileRecord[]): string[] {
  const places = new Set(
    records.flatMap((record) => ('to' in record ? [record.from, record.to] : [placeOf(record)])),
  );
  const rank = (place: string) => (place === WORLD ? 2 : place === 'clients' ? 1 : 0);
  return [...places].sort((a, b) => rank(a) - rank(b) || a.localeCompare(b, 'en', { numeric: true }));
}
