import { seekPlantedBugs } from '../support/seek-bug.ts';

seekPlantedBugs('raft', {
  'a leader trusts its lease for longer than others wait': 35,
  'a leader answers reads without a round of heartbeats': 25,
  'a follower takes entries wherever its log ends': 33,
  'a follower commits beyond what matches its leader': 16,
  'a log is compacted before its entries are applied on disk': 79,
});
