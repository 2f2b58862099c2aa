import { PRESUMPTIONS } from '../../../../machines/two-phase-commit/settings.ts';
import { TRANSACTION_MESSAGES } from '../../../cluster/transaction-messages.ts';
import { AnswersRestOnDecisions } from '../../invariants/answers-rest-on-decisions.ts';
import type { SimulatedProtocol } from '../../system.ts';
import { drawnSettings, RECOVERY_MS_MAX, TRANSACTION_FAULTS } from '../transactions/experiments.ts';
import { TransactionMemory } from '../transactions/transaction-memory.ts';
import type { TransactionProtocol } from '../transactions/transaction-protocol.ts';
import { TransactionSystem } from '../transactions/transaction-system.ts';

const single: TransactionProtocol = {
  coordinator: 'single',
  drawSettings: (random) => ({
    ...drawnSettings(random),
    presume: PRESUMPTIONS[random.integer(0, PRESUMPTIONS.length - 1)],
  }),
  agreement: () => {
    const answers = new AnswersRestOnDecisions();
    return { disks: [], groups: [answers], told: (id) => answers.told(id) };
  },
  memory: () => new TransactionMemory(['recover']),
};

/**
 * Two-phase commit, for experiments. What a node has lost, nobody has: so disks keep what they have. Where nodes keep all in
 * memory, the leader never ends.
 */
export const twoPhaseCommit: SimulatedProtocol = {
  name: '2pc',
  faults: [...TRANSACTION_FAULTS, 'volatile', 'members'],
  steps: [...TRANSACTION_MESSAGES, 'teach', 'learn', 'fetched', 'learning', 'invite', 'joined', 'welcome'],
  recoveryMsMax: RECOVERY_MS_MAX,
  // One that forgets needs another that remembers.
  sizes: ({ volatile }) => (volatile === undefined ? [2, 3, 3, 4] : [3, 3, 4]),
  create: (options) => new TransactionSystem(single, options),
};
