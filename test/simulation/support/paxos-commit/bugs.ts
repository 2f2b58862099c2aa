import { type Effect, type Effects, send } from '../../../../actors/effects.ts';
import { NO_OP } from '../../../../machines/replication/batch.ts';
import { actions as plain } from '../../../../machines/two-phase-commit/coordinator-groups.ts';
import { ABORTED } from '../../../../machines/two-phase-commit/presumption.ts';
import {
  forTwoPhaseCommit,
  type OpenTwoPhaseCommit,
} from '../../../../src/simulation/protocols/two-phase-commit/open-two-phase-commit.ts';
import {
  type Instrument,
  replaceAction,
  replaceGuard,
} from '../../../../src/simulation/watch/instrumented-program.ts';

export interface PaxosCommitBug {
  readonly what: string;
  readonly instrument: Instrument;
}

function bug(what: string, plant: (program: OpenTwoPhaseCommit) => void): PaxosCommitBug {
  return { what, instrument: forTwoPhaseCommit(plant) };
}

function listOf(effects: Effects): readonly Effect[] {
  if (effects === undefined) return [];
  return 'effect' in effects ? [effects] : effects;
}

/** An action whose records never reach the disk. */
function unrecorded(role: string, action: string): (program: OpenTwoPhaseCommit) => void {
  return (program) =>
    replaceAction(program, role, action, (args, original) =>
      listOf(original(args)).filter(({ effect }) => effect !== 'persist'),
    );
}

export const FILLS_NOTHING = bug(
  'a new leader fills none of the slots that were handed out before',
  (program) =>
    replaceAction(program, 'coordinator', 'adopt', (args, original) => {
      original(args);
      const { waiting, values } = args.context.settlement;
      const accepted = waiting.filter((slot: number) => values.get(slot).length > 0);
      waiting.splice(0, waiting.length, ...accepted);
    }),
);

/** What takes a certain situation. */
export const ANSWERS_FOR_OTHERS = bug('a former leader answers for groups of a later one', (program) =>
  replaceAction(program, 'coordinator', 'answerDecisionReq', (args) => [plain.answerDecisionReq(args)]),
);

/** What experiments find. */
export const PAXOS_COMMIT_BUGS: readonly PaxosCommitBug[] = [
  bug('a vote is put down that is not on disk', unrecorded('follower', 'recordReady')),
  bug('an acceptor accepts what is not on its disk', unrecorded('acceptor', 'accept')),
  bug('an acceptor promises what is not on its disk', unrecorded('acceptor', 'promise')),
  bug('votes count that no majority has accepted', (program) =>
    replaceGuard(program, 'leader', 'areChosen', ({ context: { group } }) =>
      group.participants.every((node: string) => group.votes.yes.has(node)),
    ),
  ),
  bug('a vote that is missing is put down as a no in the ballot that was handed out', (program) =>
    replaceAction(program, 'leader', 'tellOverdue', ({ context: { node, group } }) =>
      send(`${node}/leader/${group.id}`, { type: 'settled', decision: ABORTED }),
    ),
  ),
  bug('a new leader does not propose again what was accepted', (program) =>
    replaceAction(program, 'coordinator', 'adopt', (args, original) => {
      original(args);
      const { values } = args.context.settlement;
      for (const slot of values.keys()) values.set(slot, NO_OP);
    }),
  ),
  FILLS_NOTHING,
];
