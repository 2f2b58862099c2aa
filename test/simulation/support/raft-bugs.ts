import type { Instrument, OpenRaft } from './instrumented-program.ts';

/** Known bugs of Raft, to prove that the harness finds them. */
export const RAFT_BUGS: Readonly<Record<string, Instrument<OpenRaft>>> = {};
