import { itStandsChaos } from './support/define.ts';
import { LogSystem } from './support/log-system.ts';

describe('Multi-Paxos on threads and disks', () => {
  itStandsChaos((options) => LogSystem.start('paxos', options));
});
