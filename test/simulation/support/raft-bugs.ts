import { nodeOf } from '../../../actors/address.ts';
import { type Effect, type Effects, send } from '../../../actors/effects.ts';
import { agreedValue } from '../../../machines/raft/configuration.ts';
import {
  configurationOf,
  type Entry,
  lastIndex,
  logAfter,
  type Position,
  termAt,
} from '../../../machines/raft/log.ts';
import type { ServerContext } from '../../../machines/raft/server-context.ts';
import { commitUpTo } from '../../../machines/raft/server-handover.ts';
import type { ReadConfirmed } from '../../../machines/replication/leader-messages.ts';
import type { OpenRaft } from '../../../src/simulation/protocols/raft/open-raft.ts';
import {
  type Instrument,
  replaceAction,
  replaceGuard,
} from '../../../src/simulation/watch/instrumented-program.ts';
import { early } from './early.ts';

const HIGHEST: Position = { index: Number.MAX_SAFE_INTEGER, term: Number.MAX_SAFE_INTEGER };

/** Known bugs of Raft, to prove that the harness finds them. */
export const RAFT_BUGS: Readonly<Record<string, Instrument<OpenRaft>>> = {
  'a server forgets its term when it restarts': ({ inputs }) => {
    const { records } = inputs.server;
    const term = Math.max(0, records.term - 1);
    inputs.server = { ...inputs.server, records: { ...records, term, votedFor: undefined } };
  },

  'a server forgets entries when it restarts': ({ inputs }) => {
    const { records } = inputs.server;
    const { base } = records.log;
    const log = logAfter(base, records.log.configurations[0]!.configuration);
    inputs.server = { ...inputs.server, records: { ...records, log } };
  },

  'a server votes for one whose log is older': (program) => {
    replaceGuard(program, 'server', 'wouldVote', ({ context, event }, original) =>
      original({ context, event: { ...event, last: HIGHEST } }),
    );
    for (const action of ['answerPreVote', 'answerVote']) {
      replaceAction(program, 'server', action, ({ context, event }, original) =>
        original({ context, event: { ...event, last: HIGHEST } }),
      );
    }
  },

  'a server votes twice in a term': (program) => {
    replaceAction(program, 'server', 'answerVote', ({ context, event }, original) => {
      if (context.votedFor !== undefined && event.term === context.term) context.votedFor = undefined;
      return original({ context, event });
    });
  },

  'a candidate counts votes of earlier terms': (program) => {
    replaceGuard(
      program,
      'server',
      'isVoteForThisTerm',
      ({ event }) => event.type === 'voteReply' && event.granted,
    );
    replaceAction(program, 'server', 'startVote', ({ context, event }, original) => {
      const votes = [...context.votes];
      const effects = original({ context, event });
      for (const vote of votes) context.votes.add(vote);
      return effects;
    });
  },

  'a leader commits entries of earlier terms by counting': (program) => {
    replaceAction(program, 'server', 'noteAppended', ({ context, event }, original) => [
      ...listOf(original({ context, event })),
      ...commitByCounting(context),
    ]);
  },

  'a follower says that it has entries before they are on disk': (program) => {
    replaceAction(program, 'server', 'takeEntries', (args, original) => early(original(args), 'appended'));
  },

  'a vote leaves before the flush': (program) => {
    replaceAction(program, 'server', 'answerVote', (args, original) => early(original(args)));
  },

  'a leader answers before its own flush': (program) => {
    replaceAction(program, 'replica', 'applyCommitted', (args, original) => early(original(args), 'reply'));
    replaceAction(program, 'server', 'noteAppended', (args, original) => early(original(args), 'commit'));
  },

  'a leader of five counts a follower twice': (program) => {
    replaceAction(program, 'server', 'noteAppended', ({ context, event }, original) => [
      ...listOf(original({ context, event })),
      ...(termAt(context.log, event.match) === context.term && event.match > context.commit
        ? commitUpTo(context, event.match)
        : []),
    ]);
  },

  'a leader answers reads without a round of heartbeats': (program) => {
    replaceAction(program, 'server', 'queueRead', ({ context: { commit, termStart }, event }) =>
      commit < termStart
        ? undefined
        : send<ReadConfirmed>(event.from, { type: 'readConfirmed', ticket: event.ticket, index: commit }),
    );
    // Else a leader that is cut off steps down too soon for a newer one to have written much.
    replaceGuard(program, 'server', 'hearsQuorum', () => true);
  },

  'a leader answers reads before it knows what is committed': (program) => {
    replaceAction(program, 'server', 'queueRead', (args, original) => {
      const { context } = args;
      if (context.commit >= context.termStart) return original(args);
      const { ticket, from } = args.event;
      return send<ReadConfirmed>(from, { type: 'readConfirmed', ticket, index: context.commit });
    });
  },

  'a leader tells a follower that has restarted nothing of what is committed': (program) => {
    replaceAction(program, 'server', 'noteHeartbeatReply', ({ context, event }, original) => {
      const { told } = (context as ServerContext).progress.get(nodeOf(event.from)) ?? { told: 0 };
      return original({ context, event: { ...event, leaderCommit: Math.max(told, event.leaderCommit) } });
    });
  },

  'a leader trusts its lease for longer than others wait': ({ inputs }) => {
    const { settings } = inputs.server;
    inputs.server = { ...inputs.server, settings: { ...settings, leaseMs: settings.quorumTimeoutMs } };
  },

  'a follower keeps its own entries where others conflict': (program) => {
    replaceAction(program, 'server', 'takeEntries', ({ context, event }, original) => {
      const { log } = context as ServerContext;
      const entries = (event.entries as Entry[]).map(
        (entry, place) => log.entries[event.previous.index + place - log.base.index] ?? entry,
      );
      return original({ context, event: { ...event, entries } });
    });
  },

  'a follower takes entries wherever its log ends': (program) => {
    replaceAction(program, 'server', 'takeEntries', ({ context, event }, original) => {
      const { log } = context as ServerContext;
      const { index } = event.previous;
      const term = log.entries[index - log.base.index - 1]?.term ?? event.previous.term;
      return original({ context, event: { ...event, previous: { index, term } } });
    });
  },

  'a follower commits beyond what matches its leader': (program) => {
    replaceAction(program, 'server', 'noteCommit', ({ context, event }, original) => {
      context.matched = lastIndex(context.log);
      return original({ context, event });
    });
  },

  'a snapshot carries the term of an earlier entry': ({ inputs }) => {
    const { state } = inputs.replica;
    const apply = state.apply.bind(state);
    let first: unknown;
    state.apply = (index, batch, anchor) => {
      first ??= anchor;
      return apply(index, batch, first);
    };
  },

  'a log is compacted before its entries are applied on disk': (program) => {
    replaceAction(program, 'server', 'compactDurable', ({ context, event }, original) =>
      original({ context, event: { ...event, index: context.handed } }),
    );
  },
};

function listOf(effects: Effects): readonly Effect[] {
  if (effects === undefined) return [];
  return 'effect' in effects ? [effects] : effects;
}

function commitByCounting(context: ServerContext): Effect[] {
  const { log, node, progress, commit } = context;
  const agreed = agreedValue(configurationOf(log), (other) =>
    other === node ? lastIndex(log) : (progress.get(other)?.match ?? 0),
  );
  return agreed > commit ? commitUpTo(context, agreed) : [];
}
