import { experiment } from '../../src/simulation/experiment.ts';
import { SIMULATED_PROTOCOLS, type SimulatedProtocolName } from '../../src/simulation/protocols/index.ts';

/** What was wrong once, and the seeds that showed it. */
const FOUND: readonly (readonly [protocol: SimulatedProtocolName, seed: number, what: string])[] = [
  [
    '2pc',
    48,
    'a follower was said to be at rest whose journal had what its store was still to note as written',
  ],
  ['2pc', 6869, 'a newcomer was never taught where its source had missed that all before had ended'],
  ['raft', 4274, 'a removed node that ran on, and had lost its memory, counted as a member that had'],
  ['paxos-commit', 324, 'nothing ever settled when a follower had missed the last mark'],
  [
    'paxos-commit',
    2806,
    'a decision counted that a node had told itself, and forgot with its unflushed acceptance before anybody heard',
  ],
  [
    'eventual',
    7639,
    'what was deleted and collected came back with a server that had lost its journal alone',
  ],
  [
    'eventual',
    30186,
    'what its own store held did not count when a server ended before its journal said that there was one',
  ],
  [
    'eventual',
    5570,
    'a server that was founded alone, and had lost its journal, did not know that there were others to ask',
  ],
  [
    'eventual',
    3998,
    'a server that had lost its journal, and then its store, did not know that there had been one',
  ],
  ['paxos-commit', 9652, 'an acceptor was to have let go of slots that no leader had come to use'],
];

describe('what experiments have found does not come back:', function () {
  this.timeout(30_000);
  for (const [protocol, seed, what] of FOUND)
    it(`${what} (${protocol}, seed ${seed})`, async () => {
      await experiment({ protocol: SIMULATED_PROTOCOLS[protocol], seed });
    });
});
