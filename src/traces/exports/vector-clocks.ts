import type { TraceFileRecord } from '../trace.ts';
import { placeOf } from './selection.ts';

/** How many events of each place had happened, as far as one event knows. */
export type Clock = Readonly<Record<string, number>>;

/**
 * The vector clock of each event: `a` happened before `b` where no entry of its clock is above that of `b`. A frame that
 * arrives brings the clock of its sending along; one whose sending is not among these events brings nothing.
 */
export function vectorClocks(records: readonly TraceFileRecord[]): Clock[] {
  const now = new Map<string, Clock>();
  const sent = new Map<string, Clock>();
  return records.map((record) => {
    const place = placeOf(record);
    const before = now.get(place) ?? {};
    const heard = record.event === 'deliver' ? sent.get(record.id) : undefined;
    const known = heard === undefined ? before : latest(before, heard);
    const clock = { ...known, [place]: (known[place] ?? 0) + 1 };
    now.set(place, clock);
    if (record.event === 'send') sent.set(record.id, clock);
    return clock;
  });
}

function latest(a: Clock, b: Clock): Clock {
  const both: Record<string, number> = { ...a };
  for (const [place, count] of Object.entries(b)) both[place] = Math.max(both[place] ?? 0, count);
  return both;
}
