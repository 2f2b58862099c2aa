/**
 * Traces: what happened in a run, as lines of a file.
 *
 * ```
 *  TraceFile ─▶ file ─▶ readTrace ─▶ replay (simulation/)
 *                           └──────▶ exports/: ShiViz, Chrome trace events, Mermaid
 * ```
 */
export { BadTraceError, NotReplayableError, TraceFailedError } from './errors.ts';
export { toChrome } from './exports/chrome.ts';
export { type MermaidDrawing, toMermaid } from './exports/mermaid.ts';
export type { Selection } from './exports/selection.ts';
export { toShiviz } from './exports/shiviz.ts';
export { readTrace } from './read-trace.ts';
export type { RunOutcome, SimulatedRun, ThreadRun, Trace, TraceFileRecord, TraceHeader } from './trace.ts';
