import { seekPlantedBugs } from '../support/seek-bug.ts';

seekPlantedBugs('paxos', {
  'an acceptor forgets its promise when it restarts': 65,
  'acceptors forget what no replica has on disk': 183,
  'a leader answers reads without asking a majority': 149,
});
