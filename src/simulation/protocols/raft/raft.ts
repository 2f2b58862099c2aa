import type { SimulatedProtocol } from '../../system.ts';
import { LOG_FAULTS, RECOVERY_MS_MAX, sizesOfLogs } from '../replicated-log/experiments.ts';
import { ReplicatedLogSystem } from '../replicated-log/replicated-log-system.ts';
import { raftLog } from './raft-log.ts';

/** Raft, for experiments. */
export const raft: SimulatedProtocol = {
  name: 'raft',
  faults: [...LOG_FAULTS, 'members'],
  steps: [
    'preVoteReply',
    'requestVote',
    'voteReply',
    'appendEntries',
    'appended',
    'mismatched',
    'commit',
    'fetched',
    'snapshotPiece',
  ],
  recoveryMsMax: RECOVERY_MS_MAX,
  sizes: sizesOfLogs,
  create: (options) => new ReplicatedLogSystem(raftLog, options),
};
