/** The roles of the protocols, as XState machines: to be run by nodes, stepped in tests, or drawn. */
export { eventualProgram } from './eventual/program.ts';
export { replica as eventualReplica } from './eventual/replica.ts';
export { router } from './eventual/router.ts';
export { EVENTUAL_DEFAULTS, type EventualSettings } from './eventual/settings.ts';
export { syncSender } from './eventual/sync-sender.ts';
export { acceptor } from './paxos/acceptor.ts';
export { commander } from './paxos/commander.ts';
export { leader } from './paxos/leader.ts';
export { paxosProgram } from './paxos/program.ts';
export { replica } from './paxos/replica.ts';
export { scout } from './paxos/scout.ts';
export { PAXOS_DEFAULTS, type PaxosSettings } from './paxos/settings.ts';
export { paxosCommitProgram } from './paxos-commit/program.ts';
export { PAXOS_COMMIT_DEFAULTS, type PaxosCommitSettings } from './paxos-commit/settings.ts';
export { snapshotSender } from './replication/snapshot-sender.ts';
export { coordinator } from './two-phase-commit/coordinator.ts';
export { follower } from './two-phase-commit/follower.ts';
export { leader as groupLeader } from './two-phase-commit/leader.ts';
export { newcomer } from './two-phase-commit/newcomer.ts';
export { participant } from './two-phase-commit/participant.ts';
export { twoPhaseCommitProgram } from './two-phase-commit/program.ts';
export { TWO_PHASE_COMMIT_DEFAULTS, type TwoPhaseCommitSettings } from './two-phase-commit/settings.ts';
export { validator } from './two-phase-commit/validator.ts';
export {
  WATCHDOG_DEFAULTS,
  type WatchdogEvent,
  type WatchdogInput,
  type WatchdogReport,
  type WatchdogSettings,
  watchdog,
} from './watchdog.ts';
