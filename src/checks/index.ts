/** Checks of recorded histories: what clients did, and what they were told. */

export type { CycleAnomaly } from './cycle-anomalies.ts';
export type { DependencyKind } from './dependency-graph.ts';
export { Keyword } from './edn.ts';
export { readEdnLines, writeEdnLines } from './edn-lines.ts';
export { BadHistoryError } from './errors.ts';
export {
  History,
  type HistoryEvent,
  type HistorySource,
  type Operation,
  type Outcome,
  type Process,
} from './history.ts';
export { type Call, type EndCall, type Ending, HistoryRecorder } from './history-recorder.ts';
export { readJsonLines, writeJsonLines } from './json-lines.ts';
export { checkLinearizability, type LinearizabilityAnomaly } from './linearizability.ts';
export { readHistory } from './read-history.ts';
export type { SequentialModel } from './sequential-models.ts';
export { checkSerializability, type SerializabilityOptions } from './serializability.ts';
export { checkSessions, type SessionAnomaly, type SessionCheckOptions } from './sessions.ts';
export type { Value } from './values.ts';
export type { Anomaly, CheckLimits, Findings, HistoryVerdict } from './verdict.ts';
export { SESSION_GUARANTEES, type SessionGuarantee } from './visibility.ts';
