import { itStandsChaos } from './support/define.ts';
import { LogSystem } from './support/log-system.ts';

describe('Raft on threads and disks', () => {
  itStandsChaos((options) => LogSystem.start('raft', options));
});
