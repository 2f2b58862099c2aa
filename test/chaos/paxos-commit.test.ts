import { itStandsChaos } from './support/define.ts';
import { TransactionSystem } from './support/transaction-system.ts';

describe('Paxos Commit on threads and disks', () => {
  itStandsChaos((options) => TransactionSystem.start('replicated', options));
});
