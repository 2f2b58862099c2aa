import { LOWEST_BALLOT } from '../../../machines/paxos/ballot.ts';
import type { OpenPaxos } from '../../../src/simulation/protocols/paxos/open-paxos.ts';
import {
  type Instrument,
  replaceAction,
  replaceGuard,
} from '../../../src/simulation/watch/instrumented-program.ts';
import { early } from './early.ts';

/** Known bugs of Multi-Paxos, to prove that the harness finds them. */
export const PAXOS_BUGS: Readonly<Record<string, Instrument<OpenPaxos>>> = {
  'an acceptor forgets its promise when it restarts': (program) => {
    program.inputs.acceptor = {
      ...program.inputs.acceptor,
      records: { ...program.inputs.acceptor.records, ballot: LOWEST_BALLOT },
    };
  },

  'an acceptor forgets what it has accepted when it restarts': (program) => {
    program.inputs.acceptor = {
      ...program.inputs.acceptor,
      records: { ...program.inputs.acceptor.records, accepted: [] },
    };
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

  'a leader answers reads without asking a majority': (program) => {
    replaceGuard(program, 'leader', 'majorityConfirms', ({ context }) => {
      return context.readsAsked.size > 0 || context.readAcks.size > 0;
    });
    // Else a leader that is cut off resigns too soon for a newer one to have written much.
    replaceGuard(program, 'leader', 'isDeaf', () => false);
  },

  'acceptors forget what no replica has on disk': (program) => {
    replaceAction(program, 'replica', 'collect', ({ context }, original) => {
      for (const progress of context.peers.values()) progress.durable = progress.applied;
      const { applied } = context.state;
      return original({ context: { ...context, state: { applied, durable: applied } }, event: undefined });
    });
  },
};
