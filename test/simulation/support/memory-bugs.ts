import type { ProtocolName } from '../../../src/cluster/protocols.ts';
import { forPaxos } from '../../../src/simulation/protocols/paxos/open-paxos.ts';
import { forRaft } from '../../../src/simulation/protocols/raft/open-raft.ts';
import {
  type Instrument,
  replaceAction,
  replaceGuard,
} from '../../../src/simulation/watch/instrumented-program.ts';

/** Known bugs of how nodes that have lost their memory come back, to prove that the harness finds them. */
export const MEMORY_BUGS: Readonly<Record<ProtocolName, Readonly<Record<string, Instrument>>>> = {
  paxos: {
    'an acceptor that has forgotten answers at once': forPaxos(({ inputs }) => {
      inputs.acceptor = { ...inputs.acceptor, isForgetful: false };
      inputs.leader = { ...inputs.leader, isForgetful: false };
    }),

    'an acceptor does not wait for the replica beside': forPaxos((program) => {
      replaceGuard(program, 'acceptor', 'isRepaired', () => true);
    }),
  },

  raft: {
    'a server that has forgotten votes at once': forRaft(({ inputs }) => {
      inputs.server = { ...inputs.server, isForgetful: false };
    }),

    'a server that has forgotten goes by its former name': forRaft((program) => {
      replaceAction(program, 'server', 'becomeMember', (args, original) => {
        const effects = original(args);
        args.context.member = args.context.node;
        return effects;
      });
      for (const action of ['noteAppended', 'noteHeartbeatReply', 'countVote']) {
        replaceAction(program, 'server', action, (args, original) =>
          original({ ...args, event: { ...args.event, member: undefined } }),
        );
      }
    }),
  },
};
