import { configurationOf, type Log, termAt } from '../../../../machines/raft/log.ts';
import { nodeOfMember } from '../../../../machines/raft/member.ts';
import { toAnchor } from '../../../../machines/raft/records.ts';
import { memberIn } from '../../../../machines/raft/server-context.ts';
import { AnswersRestOnDisk } from '../../invariants/answers-rest-on-disk.ts';
import { watchCommit } from '../../invariants/commit-never-goes-back.ts';
import { CommittedEntriesStay } from '../../invariants/committed-entries-stay.ts';
import { checkInForce } from '../../invariants/configuration-in-force.ts';
import { ElectionSafety } from '../../invariants/election-safety.ts';
import { LeaderCompleteness } from '../../invariants/leader-completeness.ts';
import { watchChanges } from '../../invariants/one-change-at-a-time.ts';
import { checkGhost } from '../../invariants/removed-servers-do-not-disturb.ts';
import { StateMachineSafety } from '../../invariants/state-machine-safety.ts';
import { TermsNeverGoBack } from '../../invariants/terms-never-go-back.ts';
import { watchActions } from '../../watch/instrumented-program.ts';
import type { Look } from '../../watch/witness.ts';
import type { Agreement } from '../replicated-log/agreement.ts';
import { StateDisks } from '../replicated-log/state-disks.ts';
import { LogHistory } from './log-history.ts';
import { forRaft } from './open-raft.ts';
import { ServerDisks } from './server-disks.ts';

/** Where a server goes by its configuration, or changes its log. */
const CONFIGURED = [
  'startPreVote',
  'startVote',
  'countVote',
  'takeOffice',
  'takeEntries',
  'takeFetched',
  'noteAppended',
  'reconfigure',
  'compactDurable',
  'goOnFromSnapshot',
];

/** What must hold of Raft. `isGhost` tells whether a node was removed, and runs on. */
export function raftAgreement(
  nodes: readonly string[],
  look: Look,
  isGhost: (node: string) => boolean,
): Agreement {
  const history = new LogHistory(nodes);
  watchChanges(history);
  const elections = new ElectionSafety();
  const leaders = new LeaderCompleteness(history);
  const stateMachines = new StateMachineSafety(history);
  const answers = new AnswersRestOnDisk(history);
  const entries = new CommittedEntriesStay(history);
  const instrument = forRaft((program) => {
    const { node } = program;
    const watch = (actions: readonly string[], check: Parameters<typeof watchActions>[3]) =>
      watchActions(program, 'server', actions, (args) => look(() => check(args)));
    // The very first action of a server's life.
    watch(['repair'], ({ context }) => watchCommit(context, look));
    watch(['takeOffice'], ({ context }) => {
      const { term, log } = context as { readonly term: number; readonly log: Log };
      elections.tookOffice(node, term, configurationOf(log));
      leaders.tookOffice(node, term, log);
    });
    watch(CONFIGURED, ({ context }) => checkInForce(node, context.log, history));
    watch(['countVote'], ({ context, event }) => {
      if (event.type === 'voteReply') answers.voteArrives(memberIn(event), context.member, event.term);
    });
    watch(['noteAppended'], ({ context, event }) => {
      const term = termAt(context.log, event.match);
      if (term === undefined) return;
      answers.acknowledgementArrives(memberIn(event), event.term, { index: event.match, term });
    });
    watch(['startVote'], ({ context }) => {
      if (isGhost(node)) checkGhost(context);
    });
  });
  return {
    disks: [new ServerDisks([new TermsNeverGoBack(), history, entries, answers]), new StateDisks([entries])],
    instruments: [instrument],
    get decided() {
      return history.commits;
    },
    get voters() {
      return history.configuration.voters.map(nodeOfMember);
    },
    apply: (node, index, batch, anchor) => {
      const { term, configuration } = toAnchor(anchor);
      stateMachines.apply(node, { index, term }, batch, configuration);
    },
    crashed: (node) => stateMachines.crashed(node),
  };
}
