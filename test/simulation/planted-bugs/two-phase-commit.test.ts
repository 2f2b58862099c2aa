import { seekPlantedBugs } from '../support/seek-bug.ts';

seekPlantedBugs('2pc', {
  'who is asked before it has voted answers without a record (presume nothing)': 18,
  'a follower that does not know says that it was aborted (presume nothing)': 2,
  'the leader locks nothing (presume nothing)': 5,
  'a follower forgets what has ended, and that it did (presume commit)': 8,
  'a source sends its records before it has all from before (presume nothing)': 34,
  'who learns takes an older value for a newer one (presume nothing)': 85,
  'one is taken in while something is under way (presume nothing)': 21,
});
