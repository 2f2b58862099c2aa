import { seekPlantedBugs } from '../support/seek-bug.ts';

seekPlantedBugs('paxos', {
  'an acceptor forgets its promise when it restarts': 82,
  'an acceptor does not wait for the replica beside': 38,
  'an acceptor that has forgotten answers at once': 38,
  'a leader answers reads without asking a majority': 149,
});
