/**
 * The runtime, without any protocol: nodes that run XState machines in turns, on worker threads
 * (`ThreadHost`) or simulated (`synod/simulation`).
 */
export { type Address, addressOf, nodeOf, roleOf } from './address.ts';
export type { Cancel, Clock } from './clock.ts';
export {
  type DoneEvent,
  type Effect,
  type Effects,
  type PersistedEvent,
  persist,
  persistBehind,
  send,
  sendEarly,
  sendLazily,
  spawn,
  stop,
  warn,
} from './effects.ts';
export type { Envelope, Message, Received } from './envelope.ts';
export * from './errors.ts';
export { CLIENTS, type Host, type HostHandlers, type HostOptions } from './host.ts';
export type { InspectedActor, InspectedSnapshot, InspectionEvent } from './inspection.ts';
export type { Journal, JournalKey, JournalView, JournalWrite } from './journal.ts';
export { JOURNAL_KINDS, type JournalKind, type Memory } from './memory.ts';
export type { LoadProgram, Program, ProgramContext, ProgramReference } from './program.ts';
export type { Random } from './random.ts';
export type { NodeTally } from './tally.ts';
export { ThreadHost, type ThreadHostOptions } from './threads/thread-host.ts';
