import type { Effects } from '../../../actors/effects.ts';
import { LOWEST_BALLOT } from '../../../machines/paxos/ballot.ts';
import { decodeChunk, encodeChunk } from '../../../machines/replication/command.ts';
import { type Instrument, replaceAction, replaceGuard } from './instrumented-program.ts';

/** Known bugs, to prove that the harness finds them. */
export const PLANTED_BUGS: Readonly<Record<string, Instrument>> = {
  'an acceptor forgets its promise when it restarts': (program) => {
    program.acceptor = {
      ...program.acceptor,
      records: { ...program.acceptor.records, ballot: LOWEST_BALLOT },
    };
  },

  'an acceptor forgets what it has accepted when it restarts': (program) => {
    program.acceptor = { ...program.acceptor, records: { ...program.acceptor.records, accepted: [] } };
  },

  'an acceptor accepts what is below its promise': (program) => {
    replaceGuard(program, 'acceptor', 'mayAccept', ({ event }) => event.type === 'p2a');
    replaceAction(program, 'acceptor', 'answerP2a', ({ event }) => ({
      effect: 'send',
      to: event.from,
      message: { type: 'p2b', ballot: event.ballot, slot: event.slot } as { type: string },
      when: 'durable',
    }));
  },

  'a vote leaves before the flush': (program) => {
    replaceAction(program, 'acceptor', 'answerP2a', (args, original) => early(original(args)));
  },

  'a reply leaves before the flush': (program) => {
    replaceAction(program, 'replica', 'applyDecided', (args, original) => early(original(args), 'reply'));
    replaceAction(program, 'commander', 'tellReplicas', (args, original) => early(original(args)));
  },

  'a commander counts one vote twice': (program) => {
    replaceGuard(program, 'commander', 'completesMajority', () => true);
  },

  'a scout does not look at what was accepted': (program) => {
    replaceAction(program, 'leader', 'adopt', ({ context, event }, original) => {
      const accepted = new Map();
      return original({ context, event: { ...event, output: { ...event.output, accepted } } });
    });
  },

  'a replica applies a repeated operation again': ({ replica: { state } }) => {
    const apply = state.apply.bind(state);
    const last = new Map<number, number>();
    state.apply = (slot, batch, anchor) =>
      apply(
        slot,
        batch.map((bytes) => {
          const chunk = decodeChunk(bytes);
          if (chunk.kind !== 'operations') return bytes;
          const { session, operations } = chunk;
          const next = (last.get(session) ?? 0) + 1;
          const first = last.has(session) ? Math.max(next, chunk.first) : chunk.first;
          last.set(session, first + operations.length - 1);
          return first === chunk.first ? bytes : encodeChunk({ ...chunk, first });
        }),
        anchor,
      );
  },

  'a leader answers reads without asking a majority': (program) => {
    replaceGuard(program, 'leader', 'majorityConfirms', ({ context }) => {
      return context.readsAsked.size > 0 || context.readAcks.size > 0;
    });
    // Else a leader that is cut off resigns too soon for a newer one to have written much.
    replaceGuard(program, 'leader', 'isDeaf', () => false);
  },

  'a replica answers a read before it has applied enough': (program) => {
    replaceAction(program, 'replica', 'confirm', ({ context, event }, original) =>
      original({ context, event: { ...event, index: 0 } }),
    );
  },

  'acceptors forget what no replica has on disk': (program) => {
    replaceAction(program, 'replica', 'collect', ({ context }, original) => {
      for (const progress of context.peers.values()) progress.durable = progress.applied;
      const { applied } = context.state;
      return original({ context: { ...context, state: { applied, durable: applied } }, event: undefined });
    });
  },
};

function early(effects: Effects, type?: string): Effects {
  if (effects === undefined) return undefined;
  return [effects]
    .flat()
    .map((effect) =>
      'message' in effect && (type === undefined || effect.message.type === type)
        ? { ...effect, when: 'early' as const }
        : effect,
    );
}
