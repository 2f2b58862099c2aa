import { itStandsChaos } from './support/define.ts';
import { EventualSystem } from './support/eventual-system.ts';

describe('the eventually consistent store on threads and disks', () => {
  itStandsChaos((options) => EventualSystem.start(options));
});
