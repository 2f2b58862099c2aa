import { seekPlantedBugs } from '../support/seek-bug.ts';

seekPlantedBugs('eventual', {
  'a sync counts as whole after its first piece': 20,
  'a message that comes again is taken again': 14,
});
