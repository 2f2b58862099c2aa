import { PAXOS_DEFAULTS, type PaxosSettings } from '../paxos/settings.ts';
import { TWO_PHASE_COMMIT_DEFAULTS, type TwoPhaseCommitSettings } from '../two-phase-commit/settings.ts';

/**
 * Bounds and times of Paxos Commit: those of two-phase commit, and those of elections and acceptors. Who knows nothing
 * of a group presumes that it aborted, always.
 */
export interface PaxosCommitSettings
  extends TwoPhaseCommitSettings,
    Pick<PaxosSettings, 'heartbeatMs' | 'electionTimeoutMs' | 'electionSpreadMs' | 'acceptedBytesMax'> {
  readonly presume: 'abort';
}

const { heartbeatMs, electionTimeoutMs, electionSpreadMs, acceptedBytesMax } = PAXOS_DEFAULTS;

export const PAXOS_COMMIT_DEFAULTS: PaxosCommitSettings = {
  ...TWO_PHASE_COMMIT_DEFAULTS,
  presume: 'abort',
  heartbeatMs,
  electionTimeoutMs,
  electionSpreadMs,
  acceptedBytesMax,
};
