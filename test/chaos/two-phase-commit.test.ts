import { itStandsChaos } from './support/define.ts';
import { TransactionSystem } from './support/transaction-system.ts';

describe('two-phase commit on threads and disks', () => {
  itStandsChaos((options) => TransactionSystem.start('single', options));
});
