import { type Log, termAt } from '../../../machines/raft/log.ts';
import { toAnchor } from '../../../machines/raft/records.ts';
import { memberIn } from '../../../machines/raft/server-context.ts';
import type { Batch } from '../../../machines/replication/batch.ts';
import type { ProtocolName } from '../../../src/protocols.ts';
import { AnswersRestOnDisk } from '../invariants/answers-rest-on-disk.ts';
import { watchCommit } from '../invariants/commit-never-goes-back.ts';
import { CommittedEntriesStay } from '../invariants/committed-entries-stay.ts';
import { ElectionSafety } from '../invariants/election-safety.ts';
import { LeaderCompleteness } from '../invariants/leader-completeness.ts';
import { OneBatchASlot } from '../invariants/one-batch-a-slot.ts';
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
  /** A replica applies a batch. */
  apply(node: string, index: number, batch: Batch, anchor: unknown): void;
  /** A node has crashed. */
  crashed(node: string): void;
}

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
      apply: (node, index, batch) => agreement.apply(node, index, batch),
      crashed: (node) => agreement.crashed(node),
    };
  },

  raft: (nodes, guard) => {
    const history = new LogHistory(nodes);
    const elections = new ElectionSafety(nodes.length);
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
              elections.tookOffice(node, term);
              leaders.tookOffice(node, term, log);
            }),
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
      apply: (node, index, batch, anchor) => stateMachines.apply(node, index, toAnchor(anchor).term, batch),
      crashed: (node) => stateMachines.crashed(node),
    };
  },
};
