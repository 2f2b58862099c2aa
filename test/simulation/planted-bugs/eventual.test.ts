import { seekPlantedBugs } from '../support/seek-bug.ts';

seekPlantedBugs('eventual', {
  'a lost receipt is never asked for again': 5,
  'a sync counts as whole after its first piece': 20,
  'a message that comes again is taken again': 6,
});
