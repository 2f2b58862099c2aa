import { seekPlantedBugs } from '../support/seek-bug.ts';

seekPlantedBugs('raft', {
  'a leader trusts its lease for longer than others wait': 35,
  'a leader answers reads without a round of heartbeats': 9,
  'a leader commits entries of earlier terms by counting': 13,
  'a leader answers reads before it knows what is committed': 14,
  'a follower takes entries wherever its log ends': 31,
  'a follower commits beyond what matches its leader': 2,
  'a log is compacted before its entries are applied on disk': 163,
});
