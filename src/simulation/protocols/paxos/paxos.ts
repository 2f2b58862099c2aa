import type { SimulatedProtocol } from '../../system.ts';
import { LOG_FAULTS, RECOVERY_MS_MAX, sizesOfLogs } from '../replicated-log/experiments.ts';
import { ReplicatedLogSystem } from '../replicated-log/replicated-log-system.ts';
import { paxosLog } from './paxos-log.ts';

/** Multi-Paxos, for experiments. */
export const paxos: SimulatedProtocol = {
  name: 'paxos',
  faults: LOG_FAULTS,
  steps: ['p1a', 'p2a', 'p1b', 'p2b', 'decision'],
  recoveryMsMax: RECOVERY_MS_MAX,
  sizes: sizesOfLogs,
  create: (options) => new ReplicatedLogSystem(paxosLog, options),
};
