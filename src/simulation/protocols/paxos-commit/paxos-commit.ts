import { PromisesNeverGoBack } from '../../invariants/promises-never-go-back.ts';
import { VotesAreChosen } from '../../invariants/votes-are-chosen.ts';
import type { SimulatedProtocol } from '../../system.ts';
import { AcceptorDisks } from '../paxos/acceptor-disks.ts';
import { drawnSettings, RECOVERY_MS_MAX, TRANSACTION_FAULTS } from '../transactions/experiments.ts';
import type { TransactionProtocol } from '../transactions/transaction-protocol.ts';
import { TransactionSystem } from '../transactions/transaction-system.ts';
import { PaxosCommitMemory } from './paxos-commit-memory.ts';

const replicated: TransactionProtocol = {
  coordinator: 'replicated',
  drawSettings: drawnSettings,
  agreement: (nodes) => {
    const votes = new VotesAreChosen(nodes.length);
    return {
      disks: [new AcceptorDisks([new PromisesNeverGoBack(), votes])],
      groups: [votes],
      told: (id) => votes.told(id),
    };
  },
  memory: () => new PaxosCommitMemory(),
};

/** Paxos Commit, for experiments. What a node has lost binds it, and others cannot tell it: so disks keep what they have. */
export const paxosCommit: SimulatedProtocol = {
  name: 'paxos-commit',
  faults: TRANSACTION_FAULTS,
  steps: [
    'VOTE-REQ',
    'VOTE-YES',
    'VOTE-NO',
    'COMMIT',
    'ABORT',
    'ACK',
    'DECISION-REQ',
    'p1a',
    'p1b',
    'p2a',
    'p2b',
    'collect',
  ],
  recoveryMsMax: RECOVERY_MS_MAX,
  sizes: () => [2, 3, 3, 4, 5],
  create: (options) => new TransactionSystem(replicated, options),
};
