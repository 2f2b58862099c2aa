/** Whole clusters in one thread and in virtual time, one seed deciding everything. */
export * from '../../actors/simulated/index.ts';
export {
  createSimulatedCluster,
  type SimulatedCluster,
  type SimulatedClusterOptions,
  type SimulatedTransactionClusterOptions,
  type SimulatedWorldOptions,
} from './simulated-cluster.ts';
