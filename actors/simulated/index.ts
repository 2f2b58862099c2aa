/**
 * The simulated world: whole clusters in one thread and in virtual time, on a network and on disks that fail as
 * their settings say, one seed deciding everything.
 *
 * ```
 *  client code ── SimulatedHost ── SimulatedNetwork ── SimulatedNode ── Node (actors/node.ts)
 *                      └───────────── VirtualClock ───────┘ └── MemoryJournal over a MemoryDisk
 * ```
 */

export type { DiskName, DropReason, EndReason } from '../trace.ts';
export { BadSimulationError, SimulationLimitError, SimulationStuckError } from './errors.ts';
export type { DiskSettings, NetworkSettings, Pace } from './settings.ts';
export { CALM_DISK, CALM_NETWORK } from './settings.ts';
export { SimulatedHost, type SimulatedHostOptions } from './simulated-host.ts';
export type { LifeEvent, TraceEvent, TraceRecord } from './trace.ts';
