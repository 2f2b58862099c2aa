/**
 * Whole clusters in one thread and in virtual time, one seed deciding everything; and experiments with them, in which
 * clients work, faults strike, and all that must hold is watched.
 *
 * ```
 *  experiment ── Storm ── faults/         what strikes, and when
 *      │           │
 *      └──────── System                   protocols/: nodes, clients, and who watches them (invariants/, watch/)
 *                  │
 *             SimulatedHost               actors/simulated/: virtual time, network, disks
 * ```
 */
export * from '../../actors/simulated/index.ts';
export * from '../checks/index.ts';
export * from '../traces/index.ts';
export { type ExperimentOptions, type ExperimentResult, experiment } from './experiment.ts';
export type { Fault } from './faults/fault.ts';
export { FAULT_NAMES, FAULTS, type FaultName, type Strengths } from './faults/index.ts';
export {
  SIMULATED_PROTOCOL_NAMES,
  SIMULATED_PROTOCOLS,
  type SimulatedProtocolName,
} from './protocols/index.ts';
export { type RecordOptions, recordExperiment } from './record.ts';
export { type Departure, type Replayed, type ReplayOptions, replay } from './replay.ts';
export {
  createSimulatedCluster,
  type SimulatedCluster,
  type SimulatedClusterOptions,
  type SimulatedEventualClusterOptions,
  type SimulatedTransactionClusterOptions,
  type SimulatedWorldOptions,
} from './simulated-cluster.ts';
export type { ExperimentRecord } from './storm-record.ts';
export type { Failure, Verdict } from './swarm/examine.ts';
export type { SwarmSettings } from './swarm/seeds-task.ts';
export { type SwarmOptions, swarm } from './swarm/swarm.ts';
export type { SimulatedProtocol, System, SystemOptions } from './system.ts';
export { Violation } from './violation.ts';
