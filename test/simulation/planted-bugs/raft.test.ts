import { seekPlantedBugs } from '../support/seek-bug.ts';

seekPlantedBugs('raft', {
  'a server forgets its vote when it restarts': 78,
  'a leader answers reads without a round of heartbeats': 25,
  'a follower takes entries wherever its log ends': 33,
  'a follower commits beyond what matches its leader': 16,
  'a log is compacted before its entries are applied on disk': 79,
});
