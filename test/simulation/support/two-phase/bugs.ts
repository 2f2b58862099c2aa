import type { Effect, Effects } from '../../../../actors/effects.ts';
import { send } from '../../../../actors/effects.ts';
import type { Presume, TwoPhaseCommitSettings } from '../../../../machines/two-phase-commit/settings.ts';
import type { Strengths } from '../../../../src/simulation/faults/index.ts';
import {
  forTwoPhaseCommit,
  type OpenTwoPhaseCommit,
} from '../../../../src/simulation/protocols/two-phase-commit/open-two-phase-commit.ts';
import {
  type Instrument,
  replaceAction,
  watchActions,
} from '../../../../src/simulation/watch/instrumented-program.ts';

/** A planted bug, and with what is presumed it does harm. */
export interface TwoPhaseBug {
  readonly what: string;
  readonly presume: Presume;
  readonly instrument: Instrument;
  readonly settings?: Partial<TwoPhaseCommitSettings>;
  /** It shows under these alone, or soonest. */
  readonly faults?: Strengths;
}

function bug(what: string, presume: Presume, plant: (program: OpenTwoPhaseCommit) => void): TwoPhaseBug {
  return { what, presume, instrument: forTwoPhaseCommit(plant) };
}

/** One that shows when followers ask one another, which they do when the leader is away. */
function inquiryBug(what: string, plant: (program: OpenTwoPhaseCommit) => void): TwoPhaseBug {
  return { ...bug(what, 'nothing', plant), settings: { decisionTimeoutMs: 10, retryMs: 5, retryMsMax: 20 } };
}

/** One that shows while followers come, or lose their memory. */
function joinBug(what: string, faults: Strengths, plant: (program: OpenTwoPhaseCommit) => void): TwoPhaseBug {
  return { ...bug(what, 'nothing', plant), faults, settings: { pageBytesMax: 100 } };
}

function listOf(effects: Effects): readonly Effect[] {
  if (effects === undefined) return [];
  return 'effect' in effects ? [effects] : effects;
}

function withoutRecords(effects: Effects): Effect[] {
  return listOf(effects).filter(({ effect }) => effect !== 'persist');
}

/** An action whose records never reach the disk. */
function unrecorded(role: string, action: string): (program: OpenTwoPhaseCommit) => void {
  return (program) => {
    if (program.roles[role] === undefined) return;
    replaceAction(program, role, action, (args, original) => withoutRecords(original(args)));
  };
}

const COMING: Strengths = { members: 1, volatile: 0 };
const FORGETTING: Strengths = { volatile: 1, crash: 3 };

export const TWO_PHASE_BUGS: readonly TwoPhaseBug[] = [
  bug('a decision is told that is not on disk', 'nothing', unrecorded('leader', 'decide')),
  bug('a decision is told that is not on disk', 'abort', unrecorded('leader', 'decide')),
  bug('votes are asked for before it is on disk that they may be', 'commit', unrecorded('leader', 'begin')),
  bug('the leader forgets how often it has started', 'nothing', unrecorded('coordinator', 'recover')),
  bug('a vote is given that is not on disk', 'nothing', unrecorded('follower', 'recordReady')),
  bug('a decision is acknowledged that is not on disk', 'nothing', unrecorded('follower', 'recordCommit')),
  inquiryBug('who is asked before it has voted answers without a record', (program) => {
    if (program.roles.participant === undefined) return;
    unrecorded('follower', 'promiseAbort')(program);
    replaceAction(program, 'participant', 'answerDecisionReq', (args, original) => {
      const { kept } = args.context;
      const wasKnown = kept.has(args.event.group);
      const effects = withoutRecords(original(args));
      if (!wasKnown) kept.delete(args.event.group);
      return effects;
    });
  }),
  inquiryBug('a follower that does not know says that it was aborted', (program) => {
    if (program.roles.follower === undefined) return;
    replaceAction(program, 'follower', 'admitUncertainty', ({ context, event }) =>
      send(event.asker, { type: 'ABORT', group: context.group.id, mark: 0 }),
    );
  }),
  bug('a follower votes without looking at what it has', 'nothing', (program) => {
    if (program.roles.follower === undefined) return;
    replaceAction(program, 'follower', 'vote', (args, original) => {
      original(args);
      args.context.group.vote = [];
      return undefined;
    });
  }),
  bug('a follower locks nothing', 'nothing', (program) => {
    const { participant } = program.inputs;
    if (participant === undefined) return;
    const { locks } = participant.ground;
    locks.request = (owner) => {
      owner.missing = 0;
      return true;
    };
    locks.release = () => [];
  }),
  bug('the leader locks nothing', 'nothing', (program) => {
    if (program.roles.coordinator === undefined) return;
    watchActions(program, 'coordinator', ['takeTransactions'], ({ context }) => {
      context.locks.request = () => true;
      context.locks.release = () => [];
    });
  }),
  bug('groups are said to have ended that have not', 'abort', (program) => {
    if (program.roles.coordinator === undefined) return;
    replaceAction(program, 'coordinator', 'answerEndReq', ({ context, event }) =>
      send(event.from, { type: 'END', mark: context.groups.mark + 2 }),
    );
  }),
  bug('a follower forgets what has ended, and that it did', 'commit', (program) => {
    const { participant } = program.inputs;
    if (participant === undefined) return;
    const { journal } = participant.ground;
    participant.ground.mark = 0;
    journal.raiseMark = () => {};
    watchActions(program, 'participant', ['startFollower'], ({ context }) => {
      context.ground.mark = 0;
    });
  }),
  bug('a read is answered by who holds the key', 'nothing', (program) => {
    const { participant } = program.inputs;
    if (participant !== undefined) participant.ground.locks.areReadable = () => true;
  }),
  bug('the leader ends a group before all have acknowledged', 'nothing', (program) => {
    if (program.roles.leader === undefined) return;
    watchActions(program, 'leader', ['tell'], ({ context }) => {
      for (const node of context.group.participants.slice(1)) context.group.acknowledged.add(node);
    });
  }),
  joinBug('who learns is not told what commits', COMING, (program) => {
    if (program.roles.coordinator === undefined) return;
    watchActions(program, 'coordinator', ['beginGroups'], ({ context }) => {
      if (context.learner !== undefined) context.learner.isActive = false;
    });
  }),
  joinBug('a source sends its records before it has all from before', COMING, (program) => {
    if (program.roles.participant === undefined) return;
    replaceAction(program, 'participant', 'sendRecords', (args, original) => {
      const { ground } = args.context;
      const { mark } = ground;
      ground.mark = Number.MAX_SAFE_INTEGER;
      const effects = original(args);
      ground.mark = mark;
      return effects;
    });
  }),
  joinBug('who learns takes an older value for a newer one', COMING, (program) => {
    if (program.roles.newcomer === undefined) return;
    replaceAction(program, 'newcomer', 'takeFetched', (args, original) => {
      for (const [key, version, value] of args.event.entries)
        args.context.ground.store.put(key, version, value);
      return original(args);
    });
  }),
  joinBug('a follower that has lost its memory votes on', FORGETTING, (program) => {
    const { participant } = program.inputs;
    if (participant === undefined) return;
    participant.ground.membership = { state: 'member', attempt: 0, first: 0 };
    delete (program.inputs as Record<string, unknown>).newcomer;
  }),
  joinBug('one is taken in while something is under way', COMING, (program) => {
    if (program.roles.coordinator === undefined) return;
    watchActions(program, 'coordinator', ['close'], ({ context }) => {
      for (const { id } of context.groups.describe().map(({ group }: { group: number }) => ({ id: group })))
        context.groups.get(id).learner = undefined;
      Object.defineProperty(context.groups, 'size', { get: () => 0, configurable: true });
    });
    watchActions(program, 'coordinator', ['admit', 'giveUp'], ({ context }) => {
      delete context.groups.size;
    });
  }),
];
