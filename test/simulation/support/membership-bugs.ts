import type { Effect, Effects } from '../../../actors/effects.ts';
import { agreedValue, type Configuration, canDecide } from '../../../machines/raft/configuration.ts';
import { configurationOf, lastIndex, termAt } from '../../../machines/raft/log.ts';
import type { ServerContext } from '../../../machines/raft/server-context.ts';
import { commitUpTo } from '../../../machines/raft/server-handover.ts';
import { early } from './early.ts';
import { type Instrument, type OpenRaft, replaceAction, replaceGuard } from './instrumented-program.ts';

/** Known bugs of Raft's changes of members, to prove that storms with such changes find them. */
export const MEMBERSHIP_BUGS: Readonly<Record<string, Instrument<OpenRaft>>> = {
  'a joint configuration counts only the new half': (program) => {
    replaceGuard(program, 'server', 'hasVotes', ({ context }: { context: ServerContext }) =>
      canDecide(newHalf(configurationOf(context.log)), (member) => context.votes.has(member)),
    );
    commitBy(program, (context, matchOf) => agreedValue(newHalf(configurationOf(context.log)), matchOf));
  },

  'a joint configuration counts only the old half': (program) => {
    replaceGuard(program, 'server', 'hasVotes', ({ context }: { context: ServerContext }) =>
      canDecide(oldHalf(configurationOf(context.log)), (member) => context.votes.has(member)),
    );
    commitBy(program, (context, matchOf) => agreedValue(oldHalf(configurationOf(context.log)), matchOf));
  },

  'a learner counts': (program) => {
    commitBy(program, (context, matchOf) => {
      const { voters, learners } = configurationOf(context.log);
      const matches = [...voters, ...learners].map(matchOf).sort((a, b) => b - a);
      return matches[Math.floor(voters.length / 2)]!;
    });
  },

  'a leader goes on after the configuration without it is committed': (program) => {
    replaceGuard(program, 'server', 'hasLeft', () => false);
  },

  'a configuration stays in force when its entry goes': (program) => {
    replaceAction(program, 'server', 'takeEntries', ({ context, event }, original) => {
      const { log } = context as ServerContext;
      const last = log.configurations.at(-1)!;
      const effects = original({ context, event });
      if (!log.configurations.includes(last) && last.index > log.base.index) log.configurations.push(last);
      return effects;
    });
  },

  'a server uses a configuration only once it is committed': (program) => {
    for (const guard of ['hasVotes', 'mayStand'])
      replaceGuard(program, 'server', guard, (args, original) =>
        asCommitted(args.context, () => original(args)),
      );
    for (const action of ['askPreVotes', 'askVotes', 'noteAppended'])
      replaceAction(program, 'server', action, (args, original) =>
        asCommitted(args.context, () => original(args)),
      );
  },

  'a configuration leaves before what it rests on is on disk': (program) => {
    for (const action of ['setMembers', 'reconfigure'])
      replaceAction(program, 'server', action, (args, original) => early(original(args), 'appendEntries'));
  },
};

function newHalf({ voters, nextVoters }: Configuration): Configuration {
  return { voters: nextVoters.length > 0 ? nextVoters : voters, nextVoters: [], learners: [] };
}

function oldHalf({ voters }: Configuration): Configuration {
  return { voters, nextVoters: [], learners: [] };
}

/** A leader also commits what `agreed` says. */
function commitBy(
  program: OpenRaft,
  agreed: (context: ServerContext, matchOf: (member: string) => number) => number,
): void {
  replaceAction(program, 'server', 'noteAppended', ({ context, event }, original) => {
    const effects = listOf(original({ context, event }));
    const { log, member, progress, term, commit } = context as ServerContext;
    const index = agreed(context, (other) =>
      other === member ? lastIndex(log) : (progress.get(other)?.match ?? 0),
    );
    return index > commit && termAt(log, index) === term
      ? [...effects, ...commitUpTo(context, index)]
      : effects;
  });
}

/** What happens while a server sees no configuration that is not committed. */
function asCommitted<Result>({ log, commit }: ServerContext, run: () => Result): Result {
  const later = log.configurations.filter(({ index }) => index > Math.max(commit, log.base.index));
  log.configurations.splice(log.configurations.length - later.length);
  try {
    return run();
  } finally {
    log.configurations.push(...later);
  }
}

function listOf(effects: Effects): readonly Effect[] {
  if (effects === undefined) return [];
  return 'effect' in effects ? [effects] : effects;
}
