/** What a leader knows of another server, and has sent it (thesis, sections 3.5 and 10.2.2). Changed in place. */
export interface Progress {
  /** The next entry to send. */
  next: number;
  /** Entries up to this are known to be the same there, durably. */
  match: number;
  /** Where the logs meet is not known: one message at a time. */
  probing: boolean;
  /** What is sent and not acknowledged: the indices of each message, and its bytes. */
  inFlight: { readonly first: number; readonly last: number; readonly bytes: number }[];
  inFlightBytes: number;
  /** Since the last look: whether it has answered to entries, and whether anything was heard of it. */
  answered: boolean;
  heard: boolean;
  /** The last round of heartbeats that it has answered. */
  round: number;
  /** How much it knows to be committed, and how much of that it has heard from this leader. */
  commit: number;
  told: number;
  /** Of a learner: how far it is to get, and since when; or that it can keep up (section 4.2.1). */
  learning: { readonly target: number; readonly sinceMs: number } | 'done' | undefined;
}

/** A server of which nothing is known, seen from a leader whose log ends at `last`. */
export function unknownProgress(last: number): Progress {
  return {
    next: last + 1,
    match: 0,
    probing: true,
    inFlight: [],
    inFlightBytes: 0,
    answered: true,
    heard: true,
    round: 0,
    commit: 0,
    learning: undefined,
    told: 0,
  };
}

/** Everything sent and not acknowledged counts as lost; goes on from `next`. */
export function probeFrom(progress: Progress, next: number): void {
  progress.next = Math.max(next, progress.match + 1);
  progress.probing = true;
  progress.inFlight = [];
  progress.inFlightBytes = 0;
}

/** Where to go on when nothing was answered: with the first message that was not. */
export function firstUnanswered({ inFlight, next }: Progress): number {
  return inFlight[0]?.first ?? next;
}

export function noteSent(progress: Progress, last: number, bytes: number): void {
  progress.inFlight.push({ first: progress.next, last, bytes });
  progress.next = last + 1;
  progress.inFlightBytes += bytes;
}

export function noteMatch(progress: Progress, match: number): void {
  progress.probing = false;
  progress.match = Math.max(progress.match, match);
  progress.next = Math.max(progress.next, progress.match + 1);
  let acknowledged = 0;
  for (const { last, bytes } of progress.inFlight) {
    if (last > progress.match) break;
    acknowledged += 1;
    progress.inFlightBytes -= bytes;
  }
  progress.inFlight.splice(0, acknowledged);
}
