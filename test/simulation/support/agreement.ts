import { configurationOf, type Log, termAt } from '../../../machines/raft/log.ts';
import { nodeOfMember } from '../../../machines/raft/member.ts';
import { toAnchor } from '../../../machines/raft/records.ts';
import { memberIn } from '../../../machines/raft/server-context.ts';
import type { Batch } from '../../../machines/replication/batch.ts';
import type { ProtocolName } from '../../../src/cluster/protocols.ts';
import { AnswersRestOnDisk } from '../invariants/answers-rest-on-disk.ts';
import { watchCommit } from '../invariants/commit-never-goes-back.ts';
import { CommittedEntriesStay } from '../invariants/committed-entries-stay.ts';
import { checkInForce } from '../invariants/configuration-in-force.ts';
import { ElectionSafety } from '../invariants/election-safety.ts';
import { LeaderCompleteness } from '../invariants/leader-completeness.ts';
import { OneBatchASlot } from '../invariants/one-batch-a-slot.ts';
import { watchChanges } from '../invariants/one-change-at-a-time.ts';
import { PromisesNeverGoBack } from '../invariants/promises-never-go-back.ts';
import { StateMachineSafety } from '../invariants/state-machine-safety.ts';
import { TermsNeverGoBack } from '../invariants/terms-never-go-back.ts';
import type { DiskWatcher } from './disk-watch.ts';
import { forRaft, type Instrument, watchActions } from './instrumented-program.ts';
import { LogHistory } from './log-history.ts';

/** Carries out a look at something; a violation that shows must not be taken for a failure of the node. */
export type Guard = (look: () => void) => void;

/** What must hold of a protocol while it runs, whatever happens. */
export interface Agreement {
  readonly watchers: readonly DiskWatcher[];
  readonly instruments: readonly Instrument[];
  /** How many places of the log are decided. */
  readonly decided: number;
  /** Who decides, as far as that is decided; undefined: the founders, always. */
  readonly voters: readonly string[] | undefined;
  /** A replica applies a batch. */
  apply(node: string, index: number, batch: Batch, anchor: unknown): void;
  /** A node has crashed. */
  crashed(node: string): void;
}

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

export const AGREEMENTS: Readonly<
  Record<ProtocolName, (nodes: readonly string[], guard: Guard) => Agreement>
> = {
  paxos: (nodes) => {
    const agreement = new OneBatchASlot(nodes.length);
    return {
      watchers: [new PromisesNeverGoBack(), agreement],
      instruments: [],
      get decided() {
        return agreement.slots;
      },
      voters: undefined,
      apply: (node, index, batch) => agreement.apply(node, index, batch),
      crashed: (node) => agreement.crashed(node),
    };
  },

  raft: (nodes, guard) => {
    const history = new LogHistory(nodes);
    watchChanges(history);
    const elections = new ElectionSafety();
    const leaders = new LeaderCompleteness(history);
    const stateMachines = new StateMachineSafety(history);
    const answers = new AnswersRestOnDisk(history);
    return {
      watchers: [new TermsNeverGoBack(), history, new CommittedEntriesStay(history), answers],
      instruments: [
        forRaft((program) => {
          const { node } = program;
          // The very first action of a server's life.
          watchActions(program, 'server', ['repair'], ({ context }) => watchCommit(context, guard));
          watchActions(program, 'server', ['takeOffice'], ({ context }) =>
            guard(() => {
              const { term, log } = context as { readonly term: number; readonly log: Log };
              elections.tookOffice(node, term, configurationOf(log));
              leaders.tookOffice(node, term, log);
            }),
          );
          watchActions(program, 'server', CONFIGURED, ({ context }) =>
            guard(() => checkInForce(node, context.log, history)),
          );
          watchActions(program, 'server', ['countVote'], ({ context, event }) =>
            guard(() => {
              if (event.type === 'voteReply')
                answers.voteArrives(memberIn(event), context.member, event.term);
            }),
          );
          watchActions(program, 'server', ['noteAppended'], ({ context, event }) =>
            guard(() => {
              const term = termAt(context.log, event.match);
              if (term === undefined) return;
              answers.acknowledgementArrives(memberIn(event), event.term, { index: event.match, term });
            }),
          );
        }),
      ],
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
  },
};
