import { seekPlantedBugs } from '../support/seek-bug.ts';

seekPlantedBugs('paxos-commit', {
  'a vote that is missing is put down as a no in the ballot that was handed out': 4,
  'a new leader fills none of the slots that were handed out before': 28,
});
